/**
 * Stores by URL: `memory:`, `file:./app.db?durability=power`, `valkey://user:password@host:6379/0`.
 *
 * Of a `file:` URL everything up to the first `?` is the path, relative to the working directory
 * unless it begins with a slash; a URL parser would make `file:./app.db` an absolute path. A `%` in
 * it begins an escape, as in any URL.
 *
 * No message shows a URL whole, because it may carry a password.
 */

import type { Backend } from "./call_types.ts";
import { show } from "./errors.ts";

/** The parameters of a URL, and what else it says, by the names of the options. */
export type Parameters = Record<string, string>;

/** A URL in its parts. */
export interface UrlParts {
  readonly backend: Backend;
  /** What stands before the parameters, unescaped: the path of a file. */
  readonly rest: string;
  readonly parameters: Parameters;
}

const SCHEMES: Readonly<Record<string, Backend>> = {
  memory: "memory",
  file: "file",
  valkey: "valkey",
  valkeys: "valkey",
  redis: "valkey",
  rediss: "valkey",
};

const ESCAPES =
  "in a path, user or password write %23 for #, %25 for %, %2F for /, %3F for ? and %40 for @";

/**
 * Takes a URL apart.
 *
 * @throws {TypeError} If its scheme is none of ours, or it is malformed.
 */
export function splitUrl(url: string): UrlParts {
  const [, name = "", rest = "", query = "", fragment] =
    /^([a-z]+):([^?#]*)(?:\?([^#]*))?(#.*)?$/is.exec(url) ?? [];
  const backend = Object.hasOwn(SCHEMES, name.toLowerCase()) ? SCHEMES[name.toLowerCase()] : null;
  if (backend === null || backend === undefined) {
    const found = name === ""
      ? "a store: the text is no URL"
      : `a store at a URL of the scheme ${show(name + ":")}`;
    const known = Object.keys(SCHEMES).map((known) => known + ":").join(", ");
    // Behind the colon of a host is its port.
    const server = /^\d+$/.test(rest) ? `; for a server write ${show(`valkey://${url}`)}` : "";
    const hint = name === "" ? `; for a file write ${show(fileUrlFor(url))}` : server;
    throw new TypeError(`Cannot open ${found}: known are ${known}${hint}`);
  }
  if (fragment !== undefined) {
    throw new TypeError(`Cannot open a store: its URL has a fragment; ${ESCAPES}`);
  }
  const parameters = splitQuery(query);
  return { backend, rest: backend === "file" ? filePath(rest) : rest, parameters };
}

/** Tells whether text begins as the URL of a store does. */
export function beginsAsUrl(text: string): boolean {
  return Object.keys(SCHEMES).some((scheme) => text.toLowerCase().startsWith(`${scheme}:`));
}

/**
 * Reads a Valkey URL as options by name.
 *
 * @throws {TypeError} If it is malformed.
 */
export function splitValkeyUrl(url: string): Parameters {
  const { backend, parameters } = splitUrl(url);
  if (backend !== "valkey") {
    throw new TypeError(`Cannot open a Valkey store: its URL begins with ${backend}:`);
  }
  if (!/^[a-z]+:(\/\/|\?|$)/i.test(url)) {
    throw new TypeError("Cannot open a Valkey store: its URL must begin as valkey://HOST does");
  }
  if (!URL.canParse(url)) {
    throw new TypeError(
      `Cannot open a Valkey store: its URL is malformed: check host and port; ${ESCAPES}`,
    );
  }
  const { protocol, hostname, port, username, password, pathname } = new URL(url);
  const database = pathname.replace(/^\//, "");
  const said = {
    ...(hostname !== "" && { host: hostname.replace(/^\[(.*)\]$/, "$1") }),
    ...(port !== "" && { port }),
    ...(username !== "" && { username: unescape(username) }),
    ...(password !== "" && { password: unescape(password) }),
    ...(database !== "" && { database }),
    ...((protocol === "valkeys:" || protocol === "rediss:") && { tls: "true" }),
  };
  for (const name of Object.keys(said)) {
    if (!Object.hasOwn(parameters, name)) continue;
    throw new TypeError(`Cannot open a Valkey store: its URL says ${show(name)} twice`);
  }
  return { ...said, ...parameters };
}

/** What text that is no URL may have meant: itself, unless credentials may be in it. */
function fileUrlFor(text: string): string {
  return text === "" || /[@:]/.test(text) ? "file:./app.db" : `file:${text}`;
}

function filePath(rest: string): string {
  if (!rest.startsWith("//")) return unescape(rest);
  const local = rest.replace(/^\/\/(?:localhost)?(?=\/)/, "");
  if (local === rest) {
    const hint = "for a path in this directory write file:./app.db";
    throw new TypeError(`Cannot open a file store: its URL names another host; ${hint}`);
  }
  return unescape(local);
}

function splitQuery(query: string): Parameters {
  // Without a prototype, so that no name means anything but itself.
  const parameters: Parameters = Object.create(null);
  for (const [name, value] of new URLSearchParams(query)) {
    // Not shown: it may be the rest of a password with a question mark in it.
    if (!/^\w+$/.test(name)) {
      throw new TypeError(
        `Cannot open a store: its URL has a parameter that is no name; ${ESCAPES}`,
      );
    }
    if (Object.hasOwn(parameters, name)) {
      throw new TypeError(`Cannot open a store: its URL has ${show(name)} twice`);
    }
    parameters[name] = value;
  }
  return parameters;
}

function unescape(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw new TypeError(`Cannot open a store: its URL has a malformed escape; ${ESCAPES}`, {
      cause,
    });
  }
}
