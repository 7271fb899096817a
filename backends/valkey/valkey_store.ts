/**
 * The contract on a Valkey server: each call becomes one request, and the request's promise is the
 * call's. See `commands.ts` for what goes over the wire.
 */

import type { Inspection, KvStats } from "../../kv/call_types.ts";
import type { CheckedValkeyOptions } from "../../kv/checked_options.ts";
import { type Decoder, decodeValue } from "../../kv/codec.ts";
import { closedError } from "../../kv/errors.ts";
import type { Value } from "../../kv/kv.ts";
import {
  type End,
  replacing,
  type Store,
  type StoreMove,
  type StorePut,
  type StoreWait,
} from "../../kv/store.ts";
import type { Argument, Reply } from "../../resp3/mod.ts";
import { checkLength, endWord, rangeArguments, setArguments } from "./arguments.ts";
import * as commands from "./commands.ts";
import { Pipeline } from "./pipeline.ts";
import { Pool } from "./pool.ts";
import { type Command, NO_ARGUMENTS, Request } from "./request.ts";
import { scanEntries, scanKeys, scanPages, type ScanServer } from "./scan.ts";
import type { ConnectSocket } from "./socket.ts";
import { Waits, type Wanted } from "./waits.ts";

/** Keys that `clear` removes by one command. */
const KEYS_A_CLEAR = 500;

/** What is counted at the moment of an answer. */
type Counters = Omit<KvStats, "entries" | "inFlight">;

/** A store on a Valkey server. */
export class ValkeyStore implements Store {
  readonly backend = "valkey";
  readonly #pipeline: Pipeline;
  readonly #waits: Waits;
  readonly #scanServer: ScanServer;
  readonly #get: Command;
  readonly #fetchRemove: Command;
  readonly #info: Command<Counters>;
  #hits = 0;
  #misses = 0;
  #closing: Promise<void> | null = null;

  constructor(options: CheckedValkeyOptions, connectSocket: ConnectSocket) {
    const pipeline = new Pipeline(options, connectSocket);
    this.#pipeline = pipeline;
    const pool = new Pool(options, connectSocket);
    this.#waits = new Waits(pipeline, pool, options.readTimeout);
    this.#scanServer = {
      // Rejects where `#run` throws: of calls made together each must have a promise.
      ask: async (request) => await this.#run(request),
      get reconnects(): number {
        return pipeline.reconnects;
      },
    };
    const onRead = (isHit: boolean): void => {
      if (isHit) this.#hits++;
      else this.#misses++;
    };
    this.#get = commands.getCommand(onRead);
    this.#fetchRemove = commands.fetchRemoveCommand(onRead);
    this.#info = commands.infoCommand((info) => ({
      backend: this.backend,
      bytes: fact(info, "used_memory_dataset"),
      hits: this.#hits,
      misses: this.#misses,
      evictions: fact(info, "evicted_keys"),
      reconnects: pipeline.reconnects,
    }));
  }

  get<T>(key: string, decoder: Decoder<T>): Promise<T | null> {
    return this.#run(new Request(this.#get, key, null, NO_ARGUMENTS, decoder));
  }

  put(key: string, value: Value, options: StorePut): Promise<boolean> {
    const args = setArguments(options);
    return this.#run(new Request(commands.SET, key, checkLength(value), args, null));
  }

  fetchRemove<T>(key: string, decoder: Decoder<T>): Promise<T | null> {
    return this.#run(new Request(this.#fetchRemove, key, null, NO_ARGUMENTS, decoder));
  }

  remove(key: string): Promise<boolean> {
    return this.#call(commands.REMOVE, key);
  }

  delete(key: string): Promise<boolean> {
    return this.#call(commands.DELETE, key);
  }

  increment(key: string, by: number): Promise<number> {
    return this.#call(commands.INCREMENT, key, by);
  }

  putIfEqual(key: string, expected: Value, value: Value): Promise<boolean> {
    const values = [checkLength(value)];
    return this.#call(commands.PUT_IF_EQUAL, key, checkLength(expected), values);
  }

  removeIfEqual(key: string, expected: Value): Promise<boolean> {
    return this.#call(commands.REMOVE_IF_EQUAL, key, checkLength(expected));
  }

  push(key: string, values: readonly Value[], end: End): Promise<number> {
    for (const value of values) checkLength(value);
    return this.#call(commands.PUSH[end], key, null, values);
  }

  pop<T>(key: string, end: End, wait: StoreWait, decoder: Decoder<T>): Promise<T | null> {
    if (wait.waitMs === 0) {
      return this.#run(new Request(commands.POP[end], key, null, NO_ARGUMENTS, decoder));
    }
    return this.#wait(wait, decoder, {
      from: key,
      to: null,
      ask: () => new Request(commands.TRY_POP[end], key, null, NO_ARGUMENTS, decoder),
      block: (seconds) => new Request(commands.WAIT_POP[end], key, seconds, NO_ARGUMENTS, decoder),
    });
  }

  move<T>(from: string, to: string, move: StoreMove, decoder: Decoder<T>): Promise<T | null> {
    const ends = [endWord(move.take), endWord(move.put)];
    if (move.waitMs === 0) return this.#run(new Request(commands.MOVE, from, to, ends, decoder));
    return this.#wait(move, decoder, {
      from,
      to,
      ask: () => new Request(commands.TRY_MOVE, from, to, ends, decoder),
      block: (seconds) => new Request(commands.WAIT_MOVE, from, to, [...ends, seconds], decoder),
    });
  }

  length(key: string): Promise<number> {
    return this.#call(commands.LENGTH, key);
  }

  range<T>(key: string, start: number, end: number, decoder: Decoder<T>): Promise<T[]> {
    const args = rangeArguments(start, end);
    return this.#run(new Request(commands.RANGE, key, null, args, decoder));
  }

  has(key: string): Promise<boolean> {
    return this.#call(commands.HAS, key);
  }

  inspect(key: string): Promise<Inspection | null> {
    return this.#call(commands.INSPECT, key);
  }

  touch(key: string, expireIn: number): Promise<boolean> {
    return this.#call(commands.TOUCH, key, expireIn);
  }

  persist(key: string): Promise<boolean> {
    return this.#call(commands.PERSIST, key);
  }

  getMany<T>(keys: readonly string[], decoder: Decoder<T>): Promise<(T | null)[]> {
    this.#checkOpen();
    return all(keys, (key) => this.get(key, decoder));
  }

  putMany(entries: readonly (readonly [string, Value])[], expireIn: number): Promise<void> {
    this.#checkOpen();
    for (const [, value] of entries) checkLength(value);
    const options = replacing(expireIn);
    return all(entries, ([key, value]) => this.put(key, value, options)).then(() => {});
  }

  removeMany(keys: readonly string[]): Promise<boolean[]> {
    this.#checkOpen();
    return all(keys, (key) => this.remove(key));
  }

  async *keys(prefix: string, limit: number): AsyncGenerator<string, undefined> {
    if (limit === 0) return void await this.flush(); // asked all the same, as any scan asks
    let left = limit;
    for await (const page of scanKeys(this.#scanServer, prefix, false)) {
      for (const key of page) {
        yield key;
        if (--left === 0) return;
        this.#checkOpen();
      }
    }
  }

  async *entries<T>(
    prefix: string,
    limit: number,
    decoder: Decoder<T>,
  ): AsyncGenerator<[string, T], undefined> {
    if (limit === 0) return void await this.flush(); // asked all the same, as any scan asks
    let left = limit;
    for await (const entry of scanEntries(this.#scanServer, prefix, decoder)) {
      yield entry;
      if (--left === 0) return;
      this.#checkOpen();
    }
  }

  clear(prefix: string): Promise<number> {
    this.#checkOpen();
    return this.#clear(prefix);
  }

  stats(): Promise<KvStats> {
    const inFlight = this.#pipeline.inFlight + this.#waits.count;
    const answers = [
      this.#call(commands.COUNT_KEYS, null),
      this.#call(this.#info, null),
    ] as const;
    return Promise.all(answers).then(([entries, counters]) => ({ ...counters, entries, inFlight }));
  }

  /** Connects, unless there is a connection. */
  connect(): Promise<void> {
    this.#checkOpen();
    return this.#pipeline.connect();
  }

  /**
   * Resolves once every request so far has its outcome. Waiting pops are none of them, and neither
   * is a call whose script the server had forgotten: that is sent again.
   */
  flush(): Promise<void> {
    // Answers come in order, so this one is the last of them.
    return this.#call(commands.PING, null).then(() => {});
  }

  /** Runs a command of the caller's own. */
  command(args: readonly Argument[]): Promise<Reply> {
    return this.#run(new Request(commands.RAW, null, null, args, null));
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #clear(prefix: string): Promise<number> {
    let count = 0;
    for await (const keys of scanPages(this.#scanServer, prefix)) {
      for (let at = 0; at < keys.length; at += KEYS_A_CLEAR) {
        const page = keys.slice(at, at + KEYS_A_CLEAR);
        const request = new Request(commands.DELETE_PAGE, null, null, page, null);
        count += await this.#run<number>(request);
      }
    }
    return count;
  }

  async #close(): Promise<void> {
    // Waiting calls end first: that takes the shared connection.
    await this.#waits.close();
    await this.#pipeline.close();
  }

  #checkOpen(): void {
    if (this.#closing !== null) throw closedError();
  }

  #call<R>(
    command: Command<R>,
    key: string | null,
    value: Argument | null = null,
    rest: readonly Argument[] = NO_ARGUMENTS,
  ): Promise<R> {
    return this.#run(new Request(command, key, value, rest, null));
  }

  #run<R>(request: Request): Promise<R> {
    this.#checkOpen();
    const promise = request.promise<R>();
    this.#pipeline.send(request);
    return promise;
  }

  #wait<T>(wait: StoreWait, decoder: Decoder<T>, wanted: Wanted): Promise<T | null> {
    this.#checkOpen();
    return this.#waits.take(wanted, wait).then((found) =>
      found === null ? null : decodeValue(found as Value, decoder)
    );
  }
}

/** Makes a call for each item at once, and settles when all of them have. */
async function all<I, R>(items: readonly I[], call: (item: I) => Promise<R>): Promise<R[]> {
  const outcomes = await Promise.allSettled(items.map(call));
  return outcomes.map((outcome) => {
    if (outcome.status === "rejected") throw outcome.reason;
    return outcome.value;
  });
}

/** A number of the server's `INFO`. */
function fact(info: string, name: string): number {
  return Number(new RegExp(`^${name}:(\\d+)`, "m").exec(info)?.[1] ?? 0);
}
