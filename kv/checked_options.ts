/**
 * How a store is asked for: an object or a URL becomes checked options with every default in place.
 * Ranges and defaults stand here and nowhere else.
 *
 * Each backend has a table of rules, one an option. A rule checks a value, and reads it from the
 * text of a URL parameter, so that a URL can say whatever an object can.
 */

import { checkFlag, checkOptions, checkWhole, isPlain, kindOf } from "./checks.ts";
import { show } from "./errors.ts";
import type { Durability, KvOptions, TlsOptions } from "./options.ts";
import { beginsAsUrl, type Parameters, splitUrl, splitValkeyUrl } from "./urls.ts";

/** `MemoryOptions`, checked. */
export interface CheckedMemoryOptions {
  readonly backend: "memory";
  readonly maxEntries: number | undefined;
  readonly maxBytes: number | undefined;
}

/** `FileOptions`, checked. */
export interface CheckedFileOptions {
  readonly backend: "file";
  readonly path: string;
  readonly truncate: boolean;
  readonly addressSpaceSize: number;
  readonly durability: Durability;
  readonly cacheBytes: number;
  readonly lock: "fail" | "wait";
  readonly signal: AbortSignal | undefined;
}

/** `ValkeyOptions`, checked; the URL is taken apart. */
export interface CheckedValkeyOptions {
  readonly backend: "valkey";
  readonly host: string;
  readonly port: number;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly database: number;
  readonly tls: false | TlsOptions;
  readonly poolSize: number;
  readonly bufferSize: number;
  readonly connectMode: "auto" | "manual" | "lazy";
  readonly connectTimeout: number;
  readonly readTimeout: number;
  readonly offlineQueue: number;
  readonly reconnect: boolean;
  readonly clientName: string | undefined;
}

/** Checked options of any backend. */
export type CheckedOptions = CheckedMemoryOptions | CheckedFileOptions | CheckedValkeyOptions;

/** What an address counts for in `addressSpaceSize`; its slot in the table has 10 bytes. */
const ADDRESS_BYTES = 8;
const ADDRESSES_MAX = Math.floor(Number.MAX_SAFE_INTEGER / ADDRESS_BYTES);

/**
 * Counts the bytes of a table of addresses, 8 each, for the option `addressSpaceSize`.
 *
 * A new file begins with a page of its table for each 512 addresses, rounded up to a power of two
 * and 4096 pages at most. The table grows as it fills: this only spares a large file the growing.
 *
 * @param addresses How many keys are expected: whole, 1 to 2^50 − 1.
 * @returns The size in bytes.
 * @throws {RangeError} If `addresses` is out of its range.
 */
export function addressSpaceSize(addresses: number): number {
  return checkWhole(addresses, "addresses", 1, ADDRESSES_MAX) * ADDRESS_BYTES;
}

/**
 * Checks what `openKv` was given.
 *
 * @throws {TypeError} If an option is unknown or of the wrong type, or the URL is none of ours.
 * @throws {RangeError} If a number is out of its range.
 */
export function checkKvOptions(given?: string | URL | KvOptions): CheckedOptions {
  if (given === undefined) return checkMemory({});
  if (typeof given === "string" || given instanceof URL) return checkUrl(String(given));
  if (!isPlain(given)) {
    throw new TypeError(`Cannot open a store with ${kindOf(given)}: pass a plain object or a URL`);
  }
  const { backend, ...options } = given;
  if (backend === "memory") return checkMemory(options);
  if (backend === "file") return checkFile(options);
  if (backend === "valkey") return checkValkey(options);
  const found = backend === undefined ? "no backend" : `the backend ${show(String(backend))}`;
  throw new TypeError(`Cannot open a store with ${found}: known are "memory", "file", "valkey"`);
}

/** Checks a value of an option, and reads one from a parameter of a URL. */
interface Rule<V> {
  check(value: unknown, name: string): V;
  /** Gives what `check` shall check: the text itself where it is nothing better. */
  read(text: string): unknown;
}

type Rules = Record<string, Rule<unknown>>;

type Checked<R extends Rules> = { [K in keyof R]?: R[K] extends Rule<infer V> ? V : never };

const string: Rule<string> = {
  check: (value, name) => expectType(value, name, "string") as string,
  read: (text) => text,
};

const flag: Rule<boolean> = {
  check: (value, name) => checkFlag(value as boolean, name),
  read: (text) => text === "true" ? true : text === "false" ? false : text,
};

function whole(min: number, max: number = Number.MAX_SAFE_INTEGER): Rule<number> {
  return {
    check(value, name): number {
      if (typeof value !== "string") return checkWhole(value as number, name, min, max);
      throw new TypeError(`Cannot take ${show(value)} as ${name}: it must be a number`);
    },
    read: (text) => /^-?\d+(?:\.\d+)?$/.test(text) ? Number(text) : text,
  };
}

function oneOf<V extends string>(...known: V[]): Rule<V> {
  return {
    check(value, name): V {
      if (known.includes(value as V)) return value as V;
      const found = typeof value === "string" ? show(value) : kindOf(value);
      throw new TypeError(
        `Cannot take ${found} as ${name}: known are ${known.map(show).join(", ")}`,
      );
    },
    read: (text) => text,
  };
}

const path: Rule<string> = {
  check(value, name): string {
    if (value === "") throw new TypeError("Cannot open a file store: it has no path");
    const isUrl = value instanceof URL && value.protocol === "file:";
    const path = isUrl
      ? pathOf(value)
      : expectType(value, name, "string", "a string or a file: URL") as string;
    const fault = path.includes("\0") ? "NUL" : path.isWellFormed() ? null : "lone surrogate";
    if (fault !== null) {
      throw new TypeError(`Cannot open a file store at ${show(path)}: it has a ${fault}`);
    }
    if (isUrl || !beginsAsUrl(path)) return path;
    const hint = `pass the URL to openKv, or write ${show(`./${path}`)}`;
    throw new TypeError(`Cannot take ${show(path)} as ${name}: it is a URL; ${hint}`);
  },
  read: (text) => text,
};

function pathOf(url: URL): string {
  const { rest, parameters } = splitUrl(url.href);
  if (Object.keys(parameters).length === 0) return rest;
  throw new TypeError("Cannot take a URL with parameters as path: pass it to openKv, or none");
}

const address: Rule<string> = {
  check: (value, name) => value instanceof URL ? value.href : string.check(value, name),
  read: (text) => text,
};

const signal: Rule<AbortSignal> = {
  check(value, name): AbortSignal {
    if (value instanceof AbortSignal) return value;
    throw new TypeError(`Cannot take ${kindOf(value)} as ${name}: it must be an AbortSignal`);
  },
  read: (text) => text,
};

const strings: Rule<readonly string[]> = {
  check(value, name): readonly string[] {
    if (Array.isArray(value) && value.every((item) => typeof item === "string")) return [...value];
    throw new TypeError(`Cannot take ${kindOf(value)} as ${name}: it must be an array of strings`);
  },
  read: (text) => text,
};

const tls: Rule<false | TlsOptions> = {
  check(value, name): false | TlsOptions {
    if (value === true) return {};
    if (value === false) return false;
    const given = expectType(value, name, "object", "true, false or an object") as object;
    const checked = checkAll(TLS_RULES, given, "use TLS");
    if ((checked.cert === undefined) === (checked.key === undefined)) return checked;
    throw new TypeError(`Cannot use TLS with half of a certificate: give both cert and key`);
  },
  read: flag.read,
};

const TLS_RULES = { caCerts: strings, cert: string, key: string, serverName: string };

const MEMORY_RULES = { maxEntries: whole(1), maxBytes: whole(1) };

const FILE_ACTION = "open a file store";

/** What a URL can say, which has the path before its parameters. */
const FILE_URL_RULES = {
  truncate: flag,
  addressSpaceSize: whole(ADDRESS_BYTES),
  durability: oneOf("process", "power"),
  cacheBytes: whole(2 ** 20),
  lock: oneOf("fail", "wait"),
};

const FILE_RULES = { path, ...FILE_URL_RULES, signal };

const VALKEY_ACTION = "open a Valkey store";

const host: Rule<string> = {
  check(value, name): string {
    // An IPv6 address may stand as it does in a URL.
    const host = string.check(value, name).replace(/^\[(.*)\]$/, "$1");
    if (host === "") throw new TypeError("Cannot open a Valkey store: its host has no name");
    // Not shown: there may be a password in it. An address of IPv6 has two colons at least.
    if (!/[/@[\]]/.test(host) && host.split(":").length !== 2) return host;
    throw new TypeError("Cannot open a Valkey store: its host is more than a name; see port, url");
  },
  read: (text) => text,
};

const VALKEY_RULES = {
  host,
  port: whole(1, 65_535),
  username: string,
  password: string,
  database: whole(0),
  tls,
  poolSize: whole(1),
  bufferSize: whole(64, 2 ** 30),
  connectMode: oneOf("auto", "manual", "lazy"),
  connectTimeout: whole(1),
  readTimeout: whole(1),
  offlineQueue: whole(0),
  reconnect: flag,
  clientName: string,
};

/** An object may have a URL in it; a URL may not. */
const VALKEY_OBJECT_RULES = { ...VALKEY_RULES, url: address };

function checkMemory(given: object): CheckedMemoryOptions {
  const { maxEntries, maxBytes } = checkAll(MEMORY_RULES, given, "open a memory store");
  return { backend: "memory", maxEntries, maxBytes };
}

function checkFile(given: object): CheckedFileOptions {
  const checked = checkAll(FILE_RULES, given, FILE_ACTION);
  if (checked.path === undefined) throw new TypeError("Cannot open a file store: it has no path");
  return {
    backend: "file",
    path: checked.path,
    truncate: checked.truncate ?? false,
    addressSpaceSize: checked.addressSpaceSize ?? addressSpaceSize(4096),
    durability: checked.durability ?? "process",
    cacheBytes: checked.cacheBytes ?? 256 * 2 ** 20,
    lock: checked.lock ?? "fail",
    signal: checked.signal,
  };
}

function checkValkey(options: object): CheckedValkeyOptions {
  const { url, ...given } = checkAll(VALKEY_OBJECT_RULES, options, VALKEY_ACTION);
  const checked = { ...(url !== undefined && readValkeyUrl(url)), ...given };
  return {
    backend: "valkey",
    host: checked.host ?? "127.0.0.1",
    port: checked.port ?? 6379,
    username: checked.username,
    password: checked.password,
    database: checked.database ?? 0,
    tls: checked.tls ?? false,
    poolSize: checked.poolSize ?? 8,
    bufferSize: checked.bufferSize ?? 8192,
    connectMode: checked.connectMode ?? "auto",
    connectTimeout: checked.connectTimeout ?? 1_000,
    readTimeout: checked.readTimeout ?? 1_000,
    offlineQueue: checked.offlineQueue ?? 10_000,
    reconnect: checked.reconnect ?? true,
    clientName: checked.clientName,
  };
}

function checkUrl(url: string): CheckedOptions {
  const { backend, rest, parameters } = splitUrl(url);
  if (backend === "memory") {
    if (rest === "") return checkMemory(read(MEMORY_RULES, parameters));
    throw new TypeError('Cannot open a memory store with a path: its URL is "memory:"');
  }
  if (backend === "valkey") return checkValkey({ url });
  checkOptions(parameters, FILE_ACTION, Object.keys(FILE_URL_RULES));
  // A name that would be taken for the beginning of another URL.
  const path = beginsAsUrl(rest) ? `./${rest}` : rest;
  return checkFile({ ...read(FILE_URL_RULES, parameters), path });
}

function readValkeyUrl(url: string): Checked<typeof VALKEY_RULES> {
  return checkAll(VALKEY_RULES, read(VALKEY_RULES, splitValkeyUrl(url)), VALKEY_ACTION);
}

/** Reads the parameters of a URL. Unknown ones stay as they are, for `checkAll` to name. */
function read(rules: Rules, parameters: Parameters): Record<string, unknown> {
  const values: Record<string, unknown> = Object.create(null);
  for (const [name, text] of Object.entries(parameters)) {
    values[name] = Object.hasOwn(rules, name) ? rules[name]!.read(text) : text;
  }
  return values;
}

/** Checks the options that were given; one that is `undefined` was not. */
function checkAll<R extends Rules>(rules: R, given: object, action: string): Checked<R> {
  checkOptions(given, action, Object.keys(rules));
  const checked: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(given)) {
    if (value !== undefined) checked[name] = rules[name]!.check(value, name);
  }
  return checked as Checked<R>;
}

function expectType(
  value: unknown,
  name: string,
  type: "string" | "object",
  expected = `of type ${type}`,
): unknown {
  if (typeof value === type && value !== null) return value;
  throw new TypeError(`Cannot take ${kindOf(value)} as ${name}: it must be ${expected}`);
}
