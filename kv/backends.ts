/**
 * What the store of each backend is: the contract, and what it can do beyond that.
 */

import type { Kv, Value } from "./kv.ts";

/** A store in this process' memory, as {@linkcode openKv} returns by default. */
export interface MemoryKv extends Kv {
  /** Which backend the store is on. */
  readonly backend: "memory";
}

/** A store in one file. */
export interface FileKv extends Kv {
  /** Which backend the store is on. */
  readonly backend: "file";

  /**
   * Resolves once everything acknowledged so far is on the medium (`fdatasync`), whatever
   * `durability` says.
   */
  sync(): Promise<void>;

  /**
   * Reads the whole file and accounts for each of its bytes once. Other calls wait meanwhile.
   *
   * Cost: reads all pages in use, and takes 256 bytes of memory for each page of records.
   *
   * @returns What is wrong, one sentence each; none in a sound file.
   */
  check(): Promise<string[]>;

  /**
   * Gives unused space back to the file system, with the store in use: in many small steps, at
   * each of which the file is whole.
   *
   * Cost: what moves is written twice, to the journal and to its new place.
   */
  compact(): Promise<void>;
}

/** A reply of a Valkey server to {@linkcode ValkeyKv.command}: any RESP3 value. */
export type Reply =
  | string
  | number
  | bigint
  | boolean
  | null
  | Uint8Array
  | Error
  | readonly Reply[]
  | ReadonlyMap<Reply, Reply>
  | ReadonlySet<Reply>;

/** A store on a Valkey server. */
export interface ValkeyKv extends Kv {
  /** Which backend the store is on. */
  readonly backend: "valkey";

  /**
   * Connects, for `connectMode: "manual"`; in the other modes it does nothing where a connection
   * stands.
   *
   * @throws {KvConnectionError} With outcome `"not_sent"`, if no connection comes about.
   * @throws {KvServerError} If the server refuses the user, the database or the protocol.
   */
  connect(): Promise<void>;

  /**
   * Resolves once every command issued so far has its answer. Waiting pops are not waited for, nor
   * is a call that is sent again because the server has forgotten a script.
   */
  flush(): Promise<void>;

  /**
   * Sends any command.
   *
   * @param args The command's name and its arguments.
   * @returns The server's reply.
   * @throws {KvServerError} If the server answers with an error.
   */
  command(...args: readonly (Value | number)[]): Promise<Reply>;
}
