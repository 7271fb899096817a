/**
 * What the client asks of a socket: the smallest door to the network. All else is written against
 * this, so a test may stand in for it and a runtime may bring its own.
 */

import type { TlsOptions } from "../../kv/options.ts";

/** Where to connect to, and how. */
export interface SocketTarget {
  readonly host: string;
  readonly port: number;
  readonly tls: false | TlsOptions;
}

/** What a socket calls, and never from within a call of its own. None of these may throw. */
export interface SocketHandlers {
  /**
   * Where the next bytes should go, so that they need not be copied: into the rest of a big reply.
   * `null` where anywhere will do. Asked for each read; a socket need not ask.
   */
  readTarget(): Uint8Array | null;
  /** Bytes arrived. They are the socket's: gone once this returns. */
  onData(chunk: Uint8Array): void;
  /** The oldest write that was not reported is done: its bytes are the caller's again. */
  onWritten(): void;
  /** The connection is over, by either side. Called once, and nothing is called after it. */
  onClosed(cause: Error | undefined): void;
}

/** An open connection. */
export interface Socket {
  /** Sends bytes after those of all calls before. They must not change until reported written. */
  write(bytes: Uint8Array): void;
  /** Ends the connection at once. */
  close(): void;
}

/**
 * Opens a connection.
 *
 * @param signal Gives the attempt up.
 * @returns The socket once it can be written to. A rejection means that there is none.
 */
export type ConnectSocket = (
  target: SocketTarget,
  handlers: SocketHandlers,
  signal: AbortSignal,
) => Promise<Socket>;
