/**
 * The options of `openKv`, one type for each backend.
 */

/** Options of a store in memory. */
export interface MemoryOptions {
  /** The backend. */
  backend: "memory";
  /**
   * The most keys to hold: whole, from 1. Past it the string unused for longest is evicted.
   * Default: no bound.
   */
  maxEntries?: number | undefined;
  /**
   * The most bytes of keys and values to hold: whole, from 1. Past it the string unused for longest
   * is evicted. Text counts a byte a UTF-16 code unit, which is exact for ASCII. Default: no bound.
   */
  maxBytes?: number | undefined;
}

/**
 * What a resolved promise of a file store stands for: `"process"`, that the kernel has the change,
 * which survives a killed process; `"power"`, that the medium has it, which survives a loss of
 * power too.
 */
export type Durability = "process" | "power";

/** Options of a store in one file. */
export interface FileOptions {
  /** The backend. */
  backend: "file";
  /** Where the file is. It is created where there is none; its directory is not. */
  path: string | URL;
  /** Throw away what the file holds. Default `false`. */
  truncate?: boolean | undefined;
  /**
   * Bytes of the table of addresses that a new file starts with: whole, from 8. Default:
   * `addressSpaceSize(4096)`, which is 8 pages.
   */
  addressSpaceSize?: number | undefined;
  /** What a resolved promise stands for. Default `"process"`. */
  durability?: Durability | undefined;
  /**
   * The most memory that pages of the file may take, in bytes: whole, from 2^20. Default 256 MiB;
   * a smaller file takes no more than its own size.
   */
  cacheBytes?: number | undefined;
  /** Whether to fail at once or to wait where another store has the file. Default `"fail"`. */
  lock?: "fail" | "wait" | undefined;
  /** Ends the waiting for the lock. */
  signal?: AbortSignal | undefined;
}

/** How a Valkey store checks the server and proves who it is. */
export interface TlsOptions {
  /** Certificates to trust in place of the system's, as PEM. */
  caCerts?: readonly string[] | undefined;
  /** The client's own certificate, as PEM. */
  cert?: string | undefined;
  /** The key of that certificate, as PEM. */
  key?: string | undefined;
  /** The name that the server's certificate must bear. Default: the host. */
  serverName?: string | undefined;
}

/** Options of a store on a Valkey server. */
export interface ValkeyOptions {
  /** The backend. */
  backend: "valkey";
  /** Where the server is. Default `"127.0.0.1"`. */
  host?: string | undefined;
  /** Its port: whole, 1 to 65,535. Default 6379. */
  port?: number | undefined;
  /** All of that in one: `valkey://user:password@host:port/database`. Options beside it win. */
  url?: string | URL | undefined;
  /** The user to authenticate as. Default: the server's default user. */
  username?: string | undefined;
  /** The password of that user. Default: no authentication. */
  password?: string | undefined;
  /** The number of the database: whole, from 0. Default 0. */
  database?: number | undefined;
  /** Whether to use TLS, and how. Default `false`; `true` for a URL of `valkeys:` or `rediss:`. */
  tls?: boolean | TlsOptions | undefined;
  /** The most connections at a time: whole, from 1. Default 8. */
  poolSize?: number | undefined;
  /**
   * Bytes that the write buffer of a connection begins with: whole, 64 to 2^30. It grows to eight
   * times that under load. Default 8192.
   */
  bufferSize?: number | undefined;
  /**
   * When to connect: `"auto"` in `openKv`, `"lazy"` at the first command, `"manual"` at
   * `connect()`. Default `"auto"`.
   */
  connectMode?: "auto" | "manual" | "lazy" | undefined;
  /**
   * Milliseconds until an attempt to connect is given up, and a call that waits for one: whole,
   * from 1. Default 1000. Up to a quarter more, because it is counted in looks: so what came while
   * a program held up its event loop is read before.
   */
  connectTimeout?: number | undefined;
  /**
   * Milliseconds that a server which owes a reply may stay silent: whole, from 1. Default 1000. The
   * connection is closed then, and its calls reject with code `timeout`.
   */
  readTimeout?: number | undefined;
  /**
   * The most commands that wait for a connection once one was lost: whole, from 0. Past it calls
   * reject with outcome `"not_sent"`. It bounds nothing before the first one. Default 10,000.
   */
  offlineQueue?: number | undefined;
  /** Whether to connect anew when the connection is lost. Default `true`. */
  reconnect?: boolean | undefined;
  /** The name of the connections in the server's `CLIENT LIST`. Default: none. */
  clientName?: string | undefined;
}

/** Options of a store, told apart by `backend`. */
export type KvOptions = MemoryOptions | FileOptions | ValkeyOptions;
