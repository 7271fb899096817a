/**
 * The lines of a dump as data; `docs/dump-format.md` draws them. Here a line is checked and read,
 * `line_writer.ts` and `line_reader.ts` turn pieces of a store into lines and back.
 */

import { utf8Length } from "../internal/bytes.ts";
import { KEY_BYTES_MAX, type Value } from "../kv/kv.ts";
import type { Progress } from "./piece.ts";

/** The version of the format that is written, and the only one that is read. */
const VERSION = 1;

/** The longest line that is read, in bytes. The longest that is written has less than half. */
export const LINE_BYTES_MAX: number = 2 ** 20;

/** The first line of a dump. */
export const HEADER: string = JSON.stringify({ jetkv: "dump", version: VERSION });

/** A line that begins a string or an array. */
export interface KeyLine {
  readonly kind: "key";
  readonly key: string;
  readonly expires: number | null;
  /** The string, or its first part; or the first elements. */
  readonly content: Value | readonly Value[];
}

/** A line with more elements of the array before it. */
export interface ArrayLine {
  readonly kind: "array";
  readonly elements: readonly Value[];
}

/** A line with more of the value that the line before it ended with. */
export interface PartLine {
  readonly kind: "part";
  readonly value: Value;
}

/** The last line: what came before it. */
export interface FooterLine extends Omit<Progress, "expired"> {
  readonly kind: "footer";
  /** The SHA-256 of all lines before, each with its end, in hexadecimal digits. */
  readonly sha256: string;
}

/** A line after the first. */
export type Line = KeyLine | ArrayLine | PartLine | FooterLine;

/**
 * Tells whether a line begins a dump that this version reads.
 *
 * @returns What is wrong with it, or `null`.
 */
export function checkHeader(text: string): string | null {
  if (text === HEADER) return null;
  const { jetkv, version } = parse(text) ?? {};
  if (jetkv !== "dump") return "this is not a dump of JetKV";
  if (text === `${HEADER}\r`) return "it ends with CR LF, and a line of a dump ends with LF alone";
  if (version === VERSION) return `it must be ${HEADER}, byte by byte`;
  return `its version is ${JSON.stringify(version)}, and this program reads version ${VERSION}`;
}

/**
 * Reads a line after the first.
 *
 * @returns The line, or what is wrong with it.
 */
export function parseLine(text: string): Line | string {
  const fields = parse(text);
  if (fields === null) return "it is not a JSON object";
  if (Object.hasOwn(fields, "key")) return parseKeyLine(fields);
  if (Object.hasOwn(fields, "sha256")) return parseFooter(fields);
  if (hasOnly(fields, ["array"])) {
    const elements = toElements(fields["array"]);
    return elements === null ? "its array is malformed" : { kind: "array", elements };
  }
  if (hasOnly(fields, ["part"])) {
    const value = toValue(fields["part"]);
    return value === null ? "its part is malformed" : { kind: "part", value };
  }
  return "it has none of the fields of a line";
}

/** Writes the last line. */
export function formatFooter({ strings, arrays, elements }: Progress, sha256: string): string {
  return JSON.stringify({ strings, arrays, elements, sha256 });
}

/** Writes a value: text as a JSON string, bytes as `{"base64":"…"}`. */
export function formatValue(value: Value): string {
  return typeof value === "string" ? JSON.stringify(value) : `{"base64":"${value.toBase64()}"}`;
}

type Fields = Readonly<Record<string, unknown>>;

function parse(text: string): Fields | null {
  try {
    const parsed: unknown = JSON.parse(text);
    return isObject(parsed) ? parsed : null;
  } catch {
    return null;
  }
}

function parseKeyLine(fields: Fields): KeyLine | string {
  const { key, expires, value, array } = fields;
  if (typeof key !== "string" || !key.isWellFormed() || utf8Length(key) > KEY_BYTES_MAX) {
    return "its key is malformed";
  }
  const isExpiry = Number.isSafeInteger(expires) || !Object.hasOwn(fields, "expires");
  if (!isExpiry) return "its expiry is malformed";
  const isArray = Object.hasOwn(fields, "array");
  const known = ["key", "expires", isArray ? "array" : "value"];
  if (!Object.keys(fields).every((name) => known.includes(name))) return "it has unknown fields";
  const content = isArray ? toElements(array) : toValue(value);
  if (content === null) return `its ${isArray ? "array" : "value"} is malformed`;
  return { kind: "key", key, expires: (expires as number | undefined) ?? null, content };
}

function parseFooter(fields: Fields): FooterLine | string {
  const { strings, arrays, elements, sha256 } = fields;
  const isWhole = [strings, arrays, elements].every((count) => Number.isSafeInteger(count)) &&
    typeof sha256 === "string" && hasOnly(fields, ["strings", "arrays", "elements", "sha256"]);
  return isWhole ? { kind: "footer", ...fields as unknown as Footer } : "its sums are malformed";
}

type Footer = Omit<FooterLine, "kind">;

function toElements(array: unknown): Value[] | null {
  if (!Array.isArray(array) || array.length === 0) return null;
  const elements = array.map(toValue);
  return elements.includes(null) ? null : elements as Value[];
}

function toValue(json: unknown): Value | null {
  if (typeof json === "string") return json.isWellFormed() ? json : null;
  if (!isObject(json) || !hasOnly(json, ["base64"])) return null;
  const { base64 } = json;
  if (typeof base64 !== "string") return null;
  try {
    return Uint8Array.fromBase64(base64, { lastChunkHandling: "strict" });
  } catch {
    return null;
  }
}

function isObject(json: unknown): json is Fields {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}

function hasOnly(fields: Fields, names: readonly string[]): boolean {
  const found = Object.keys(fields);
  return found.length === names.length && names.every((name) => Object.hasOwn(fields, name));
}
