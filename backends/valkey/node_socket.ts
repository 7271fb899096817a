/**
 * Sockets by `node:net` and `node:tls`, for Deno, Bun and Node alike: with a read buffer of its own
 * (`onread`) it is level with the runtimes' own calls, so one file serves all three.
 */

import { connect, type Socket as NetSocket } from "node:net";
import type { TlsOptions } from "../../kv/options.ts";
import type { Socket, SocketHandlers, SocketTarget } from "./socket.ts";

/** One read drains a burst of replies. */
const READ_BYTES = 2 ** 18;

/**
 * Read buffers of connections that are over, for the next ones: memory outside the heap is slow to
 * be collected, so a server that hangs up again and again would pile it up.
 */
const spareBuffers: Uint8Array[] = [];
const SPARES_MAX = 8;

class NodeSocket implements Socket {
  readonly #socket: NetSocket;
  readonly #onWritten: (error?: Error | null) => void;

  constructor(socket: NetSocket, handlers: SocketHandlers) {
    this.#socket = socket;
    this.#onWritten = (error) => {
      if (error === undefined || error === null) handlers.onWritten();
    };
  }

  write(bytes: Uint8Array): void {
    // A stream that is behind keeps what it is given, and the caller may give that memory away.
    // Not `slice`, for that of a Node `Buffer` shares its memory.
    const isBehind = this.#socket.writableLength > 0;
    this.#socket.write(isBehind ? new Uint8Array(bytes) : bytes, this.#onWritten);
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** Opens a connection; see {@linkcode ConnectSocket}. */
export async function connectNodeSocket(
  target: SocketTarget,
  handlers: SocketHandlers,
  signal: AbortSignal,
): Promise<Socket> {
  const isTls = target.tls !== false;
  const buffer = isTls ? null : spareBuffers.pop() ?? new Uint8Array(READ_BYTES);
  const socket = target.tls === false
    ? dial(target, handlers, buffer!)
    : await dialTls(target, target.tls, handlers);
  return await new Promise((resolve, reject) => {
    let isOpen = false;
    let failure: Error | undefined;
    const giveUp = (): void => void socket.destroy();
    socket.on("error", (error) => failure ??= error);
    socket.on("close", () => {
      signal.removeEventListener("abort", giveUp);
      if (buffer !== null && spareBuffers.length < SPARES_MAX) spareBuffers.push(buffer);
      if (isOpen) handlers.onClosed(failure);
      else reject(failure ?? new Error("the connection was closed"));
    });
    socket.once(isTls ? "secureConnect" : "connect", () => {
      signal.removeEventListener("abort", giveUp);
      if (signal.aborted) return;
      isOpen = true;
      resolve(new NodeSocket(socket, handlers));
    });
    signal.addEventListener("abort", giveUp);
    if (signal.aborted) giveUp();
  });
}

function dial(
  { host, port }: SocketTarget,
  handlers: SocketHandlers,
  buffer: Uint8Array,
): NetSocket {
  return connect({
    host,
    port,
    noDelay: true,
    keepAlive: true,
    onread: {
      buffer: () => handlers.readTarget() ?? buffer,
      callback(count: number, buffer: Uint8Array): boolean {
        handlers.onData(count === buffer.length ? buffer : buffer.subarray(0, count));
        return true;
      },
    },
  });
}

/** `node:tls` is loaded where it is asked for: most programs need none. */
async function dialTls(
  { host, port }: SocketTarget,
  { caCerts, cert, key, serverName }: TlsOptions,
  handlers: SocketHandlers,
): Promise<NetSocket> {
  const { connect } = await import("node:tls");
  const socket = connect({
    host,
    port,
    ...(caCerts !== undefined && { ca: [...caCerts] }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    // The name of a host that is an address must not be sent.
    ...(serverName !== undefined
      ? { servername: serverName }
      : isAddress(host)
      ? {}
      : { servername: host }),
  });
  socket.setNoDelay(true);
  socket.on("data", (chunk: Uint8Array) => handlers.onData(chunk));
  return socket;
}

function isAddress(host: string): boolean {
  return host.includes(":") || /^\d+\.\d+\.\d+\.\d+$/.test(host);
}
