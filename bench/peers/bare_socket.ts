/**
 * The bounds of the Valkey bench in JavaScript: a bare socket that sends requests encoded
 * beforehand, and of the replies only counts the bytes. One writes as much as a read has made room
 * for; the other writes that in parts, so that the server works while the rest is on its way. With
 * small values no client here passes both by more than chance; values of 1 MiB leave as they are
 * joined, and a client that writes them in pieces may be ahead.
 */

import { Buffer } from "node:buffer";
import { createConnection, type Socket } from "node:net";
import process from "node:process";
import type { Sample } from "../measure.ts";
import type { Contender } from "../subject.ts";
import {
  arrayAt,
  keyAt,
  largeValue,
  smallValueAt,
  type ValkeyBound,
  type ValkeyRow,
} from "../valkey_pass.ts";

const READ_BYTES = 64 * 1024;
/** Requests are encoded in this many different ones, and sent over and over. */
const REQUEST_COUNT = 1024;
/** Large requests are few, or they would fill the memory. */
const LARGE_REQUEST_COUNT = 16;
const LARGE_BYTES = 1024;
const GATHERED_BYTES = 2 ** 20;

class BareSocket implements ValkeyBound {
  readonly #socket: Socket;
  /** Into how many parts it divides what may be in flight. */
  readonly #parts: number;
  #onBytes: (count: number) => void = () => {};

  constructor(port: number, parts: number) {
    this.#parts = parts;
    const buffer = Buffer.alloc(READ_BYTES);
    this.#socket = createConnection({
      port,
      host: "127.0.0.1",
      noDelay: true,
      onread: {
        buffer,
        callback: (count: number): boolean => {
          this.#onBytes(count);
          return true;
        },
      },
    });
  }

  connected(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.once("connect", () => resolve());
      this.#socket.once("error", reject);
    });
  }

  async play(row: ValkeyRow): Promise<Sample> {
    const { requests, replyBytes } = encodeRow(row);
    const commands = row.command === "RPUSH+LPOP" ? 2 : 1;
    const cpuBefore = process.cpuUsage();
    const start = performance.now();
    const operations = await this.#exchange(row, requests, replyBytes, start + row.budgetMs);
    const seconds = (performance.now() - start) / 1000;
    const cpu = process.cpuUsage(cpuBefore);
    const cpuSeconds = (cpu.user + cpu.system) / 1e6;
    return { operations: operations * commands, seconds, cpuSeconds, checksum: 0 };
  }

  /** Keeps as many requests on the way as the row says; as replies come, so many more leave. */
  #exchange(
    { count, inFlight }: ValkeyRow,
    requests: readonly Buffer[],
    replyBytes: number,
    deadline: number,
  ): Promise<number> {
    const batches = new Map<string, Buffer>();
    let sent = 0;
    let bytes = 0;
    let end = count;
    const part = Math.ceil(inFlight / this.#parts);
    const send = (wanted: number): void => {
      for (let left = Math.min(wanted, end - sent); left > 0; left -= part) {
        const number = Math.min(left, part);
        const from = sent % requests.length;
        sent += number;
        this.#write(batchOf(requests, from, number, batches));
      }
    };
    return new Promise((resolve) => {
      this.#onBytes = (count) => {
        const before = Math.floor(bytes / replyBytes);
        bytes += count;
        const done = Math.floor(bytes / replyBytes);
        if (performance.now() > deadline) end = Math.min(end, sent);
        if (done >= end) resolve(done);
        else send(done - before);
      };
      send(inFlight);
    });
  }

  /** Bytes in two pieces leave by `writev`, which spares the runtime a copy of large ones. */
  #write(bytes: Buffer): void {
    if (bytes.length <= GATHERED_BYTES) {
      this.#socket.write(bytes);
      return;
    }
    this.#socket.cork();
    this.#socket.write(bytes.subarray(0, LARGE_BYTES));
    this.#socket.write(bytes.subarray(LARGE_BYTES));
    this.#socket.uncork();
  }

  close(): Promise<unknown> {
    return new Promise((resolve) => this.#socket.end(() => resolve(undefined)));
  }
}

/** Requests that follow one another, as one piece; made once and kept. */
function batchOf(
  requests: readonly Buffer[],
  from: number,
  number: number,
  batches: Map<string, Buffer>,
): Buffer {
  if (number === 1) return requests[from] as Buffer;
  const name = `${from}+${number}`;
  let batch = batches.get(name);
  if (batch === undefined) {
    const parts = Array.from(
      { length: number },
      (_, at) => requests[(from + at) % requests.length] as Buffer,
    );
    batch = Buffer.concat(parts);
    batches.set(name, batch);
  }
  return batch;
}

function encode(...args: readonly (string | Uint8Array)[]): Buffer {
  const parts: Uint8Array[] = [Buffer.from(`*${args.length}\r\n`)];
  for (const arg of args) {
    const bytes = Buffer.from(arg as string);
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from("\r\n"));
  }
  return Buffer.concat(parts);
}

/** The requests of a row, and how many bytes the reply to each has. */
function encodeRow(row: ValkeyRow): { requests: Buffer[]; replyBytes: number } {
  const isLarge = row.valueBytes > LARGE_BYTES;
  const length = isLarge ? LARGE_REQUEST_COUNT : REQUEST_COUNT;
  const requests = Array.from({ length }, (_, at) => {
    const key = keyAt(row, at);
    if (row.command === "GET") return encode("GET", key);
    if (row.command === "SET") {
      return encode("SET", key, isLarge ? largeValue(row.valueBytes) : smallValueAt(at));
    }
    const array = arrayAt(at);
    return Buffer.concat([encode("RPUSH", array, array), encode("LPOP", array)]);
  });
  const bulkBytes = `$${row.valueBytes}\r\n`.length + row.valueBytes + 2;
  const replyBytes = {
    GET: bulkBytes,
    SET: "+OK\r\n".length,
    "RPUSH+LPOP": ":1\r\n".length + bulkBytes,
  };
  return { requests, replyBytes: replyBytes[row.command] };
}

function bareSocketIn(parts: number, name: string, settings: string): Contender<ValkeyBound> {
  return {
    name,
    kind: "bound",
    settings: `node:net with onread; requests encoded beforehand, replies only counted${settings}`,
    load: () =>
      Promise.resolve(async (place) => {
        const socket = new BareSocket(Number(place), parts);
        await socket.connected();
        return socket;
      }),
  };
}

/** A bare socket. */
export const bareSocket: Contender<ValkeyBound> = bareSocketIn(1, "bare socket", "");
/** The same, in the number of parts that was fastest where this was written. */
export const bareSocketInParts: Contender<ValkeyBound> = bareSocketIn(
  6,
  "bare socket in parts",
  "; a sixth of what is in flight in a write",
);
