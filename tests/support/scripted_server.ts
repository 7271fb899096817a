/**
 * A server in this process that does what a test says: it greets as Valkey does, and for all else
 * asks a script what bytes to answer, and when to hang up.
 */

import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { Decoder, type Reply } from "../../resp3/mod.ts";
import { encodeText } from "./resp_writer.ts";

/** One connection as the script sees it. */
export interface Peer {
  /** 1 for the first connection that the server accepted. */
  readonly number: number;
  /** Commands that came on it, greetings included. */
  readonly commands: string[][];
  /** Sends bytes, and resolves once they have left for the client as a chunk of their own. */
  send(bytes: string | Uint8Array): Promise<void>;
  /** Hangs up at once. */
  hangUp(): void;
  /** Stops or goes on reading. */
  read(isOn: boolean): void;
}

/**
 * Answers a command; `undefined` leaves what the client says for itself, to greet and to load a
 * script, to the server, and anything else unanswered.
 */
export type Script = (
  command: readonly string[],
  peer: Peer,
) => string | Uint8Array | undefined | void;

/** The server, listening. */
export interface ScriptedServer extends AsyncDisposable {
  readonly port: number;
  readonly peers: readonly Peer[];
  /** Connections that are open now. */
  readonly openCount: number;
}

/** What Valkey says to `HELLO 3`. */
export function helloReply(id: number): string {
  return `%3\r\n$6\r\nserver\r\n$6\r\nvalkey\r\n$5\r\nproto\r\n:3\r\n$2\r\nid\r\n:${id}\r\n`;
}

/** Starts a server. */
export async function startScripted(script: Script): Promise<ScriptedServer> {
  const peers: Peer[] = [];
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    peers.push(serve(socket, peers.length + 1, script));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as { port: number }).port,
    peers,
    get openCount() {
      return sockets.size;
    },
    async [Symbol.asyncDispose](): Promise<void> {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function serve(socket: Socket, number: number, script: Script): Peer {
  const decoder = new Decoder();
  const peer: Peer = {
    number,
    commands: [],
    async send(bytes): Promise<void> {
      const chunk = typeof bytes === "string" ? encodeText(bytes) : bytes;
      await new Promise<void>((resolve) => socket.write(chunk, () => resolve()));
      // Time for the other end to take it before the next: one chunk, one read.
      await new Promise((resolve) => setTimeout(resolve, 1));
    },
    hangUp: () => void socket.destroy(),
    read: (isOn) => void (isOn ? socket.resume() : socket.pause()),
  };
  socket.on("data", (chunk: Uint8Array) => {
    decoder.push(chunk);
    for (let reply = decoder.next(); reply !== undefined; reply = decoder.next()) {
      const command = (reply as Reply[]).map(String);
      peer.commands.push(command);
      const answer = script(command, peer) ?? greeting(command, number);
      if (answer !== undefined) socket.write(answer);
    }
  });
  return peer;
}

function greeting([name]: readonly string[], number: number): string | undefined {
  if (name === "HELLO") return helloReply(number);
  if (name === "PING") return "+PONG\r\n";
  if (name === "SCRIPT") return `$40\r\n${"0".repeat(40)}\r\n`;
  return name === "SELECT" ? "+OK\r\n" : undefined;
}
