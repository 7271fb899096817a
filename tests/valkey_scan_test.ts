/**
 * Scans whose connection is lost meanwhile, and what other programs have left among the keys:
 * against a server that does what a test says.
 */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { describe, it } from "node:test";
import { KvConnectionError } from "../kv/errors.ts";
import { listed, sorted } from "./conformance/expect.ts";
import { errorOf, withServer } from "./support/scripted_kv.ts";
import type { Script } from "./support/scripted_server.ts";

const TIMEOUT = { timeout: 20_000 };

/** The answer to `SCAN`. */
function page(cursor: string, ...keys: string[]): string {
  const bulk = (text: string): string => `$${new TextEncoder().encode(text).length}\r\n${text}\r\n`;
  return `*2\r\n${bulk(cursor)}*${keys.length}\r\n${keys.map(bulk).join("")}`;
}

describe("Valkey client scans", () => {
  /** Cut as it is asked for its second page; the next connection is to a server begun anew. */
  const restarted: Script = ([name, cursor], peer) => {
    if (name === "DEL" || name === "EXISTS") return ":1\r\n";
    if (name === "GET") return "$1\r\nv\r\n";
    if (name === "PTTL") return ":-1\r\n";
    if (name !== "SCAN") return undefined;
    if (peer.number === 1) return cursor === "0" ? page("7", "a", "b") : peer.hangUp();
    // An old cursor there is any place at all.
    return cursor === "0" ? page("5", "c", "a") : page("0", "d", "b");
  };

  it("begin again on a new connection, and give each key once", TIMEOUT, async () => {
    await withServer(restarted, async (kv) => {
      deepStrictEqual(await sorted(kv.keys()), ["a", "b", "c", "d"]);
    });
    await withServer(restarted, async (kv) => {
      deepStrictEqual((await sorted(kv.entries())).map(([key]) => key), ["a", "b", "c", "d"]);
    });
  });

  // What the server had lost of the deletions when it was started anew was passed over, and stayed.
  it("begin again for clear(), and remove what is there again", TIMEOUT, async () => {
    await withServer(restarted, async (kv, server) => {
      strictEqual(await kv.clear({ prefix: "" }), 4); // the fake counts one a page
      const removed = server.peers[1]!.commands.filter(([name]) => name === "DEL");
      // Asked for from any place at all, then from the beginning.
      deepStrictEqual(removed, [["DEL", "d", "b"], ["DEL", "c", "a"], ["DEL", "d", "b"]]);
    });
  });

  it("begin again where the connection was lost between two pages", TIMEOUT, async () => {
    await withServer(restarted, async (kv, server) => {
      const keys = new Set<string>();
      for await (const key of kv.keys()) {
        keys.add(key);
        if (server.peers.length > 1) continue;
        server.peers[0]!.hangUp();
        while (server.peers.length === 1) await kv.has("k");
      }
      deepStrictEqual([...keys].sort(), ["a", "b", "c", "d"]);
    });
  });

  it("end with an error where the connection is lost again and again", TIMEOUT, async () => {
    const script: Script = ([name], peer) => {
      if (name !== "SCAN") return undefined;
      // A page, and then the end.
      const isFirst = peer.commands.filter(([name]) => name === "SCAN").length === 1;
      return isFirst ? page("7", `key ${peer.number}`) : peer.hangUp();
    };
    await withServer(script, async (kv, server) => {
      const error = await errorOf(listed(kv.keys()));
      ok(error instanceof KvConnectionError);
      match(error.message, /^Cannot list keys: the connection was lost over 16 times meanwhile$/);
      strictEqual(server.peers.length, 18);
    });
  });

  it("pass over keys that no call could use", TIMEOUT, async () => {
    const longest = ["k".repeat(1024), "é".repeat(512)];
    const longer = ["k".repeat(1025), "é".repeat(513), "k".repeat(100_000)];
    const deleted: string[] = [];
    const script: Script = ([name, ...keys]) => {
      if (name === "SCAN") return page("0", ...longest, ...longer);
      if (name === "GET") return "$1\r\nv\r\n";
      if (name === "PTTL") return ":-1\r\n";
      if (name !== "DEL") return undefined;
      deleted.push(...keys);
      return ":2\r\n";
    };
    await withServer(script, async (kv) => {
      deepStrictEqual(await listed(kv.keys()), longest);
      deepStrictEqual((await listed(kv.entries())).map(([key]) => key), longest);
      await kv.clear({ prefix: "" });
      deepStrictEqual(deleted, longest);
    });
  });

  // One reply with 64 values could be more than a decoder takes, and cost the connection.
  it("ask for values one by one, and pass over what is no string any more", TIMEOUT, async () => {
    const answers: Record<string, string> = {
      text: "$1\r\nv\r\n",
      array: "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n",
      gone: "_\r\n",
      empty: "$0\r\n\r\n",
    };
    const script: Script = ([name, key]) => {
      if (name === "SCAN") return page("0", ...Object.keys(answers));
      if (name === "PTTL") return key === "gone" ? ":-2\r\n" : ":-1\r\n";
      return name === "GET" ? answers[key!] : undefined;
    };
    await withServer(script, async (kv, server) => {
      deepStrictEqual(await listed(kv.entries()), [["text", "v"], ["empty", ""]]);
      strictEqual((await kv.command("GET", "empty")) as string, "");
      strictEqual(server.peers.length, 1);
    });
  });

  it("ask again for a value that was read ahead and is past its time", TIMEOUT, async () => {
    const left = { a: 60_000, b: 0, c: -2 };
    const script: Script = ([name, key]) => {
      if (name === "SCAN") return page("0", ...Object.keys(left));
      if (name === "PTTL") return `:${left[key as keyof typeof left]}\r\n`;
      return name === "GET" ? "$1\r\nv\r\n" : undefined;
    };
    await withServer(script, async (kv, server) => {
      // "b" may have been put anew; "c" expired between the two questions.
      deepStrictEqual((await listed(kv.entries())).map(([key]) => key), ["a", "b"]);
      const asked = server.peers[0]!.commands.filter(([name]) => name === "GET");
      deepStrictEqual(asked.map(([, key]) => key), ["a", "b", "c", "b"]);
    });
  });

  it("end with the error of a value that cannot be read", TIMEOUT, async () => {
    const script: Script = ([name, key]) => {
      if (name === "SCAN") return page("0", "a", "b", "c");
      if (name === "PTTL") return ":-1\r\n";
      if (name !== "GET") return undefined;
      return key === "b" ? "-ERR no memory\r\n" : "$1\r\nv\r\n";
    };
    await withServer(script, async (kv) => {
      strictEqual((await errorOf(listed(kv.entries()))).code, "server");
    });
  });
});
