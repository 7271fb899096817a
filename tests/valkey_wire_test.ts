/**
 * The client's words and the server's, against a server that does what a test says: replies in
 * pieces, values given away while they leave, refusals, greetings, scripts.
 */

import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, it } from "node:test";
import { bytes } from "../kv/codec.ts";
import { KvConnectionError, type KvError, KvServerError } from "../kv/errors.ts";
import { openKv } from "../kv/open.ts";
import { concat, encodeText } from "./support/resp_writer.ts";
import { errorOf, withServer } from "./support/scripted_kv.ts";
import { type Peer, type Script, startScripted } from "./support/scripted_server.ts";

describe("Valkey client reads", () => {
  it("a reply that is cut at every byte", async () => {
    const reply = encodeText("$7\r\nhé\r\n.o\r\n");
    let cut = 0;
    await withServer(([name], peer) => {
      if (name !== "GET") return;
      const at = cut++;
      void peer.send(reply.subarray(0, at)).then(() => peer.send(reply.subarray(at)));
    }, async (kv) => {
      for (let at = 0; at <= reply.length; at++) strictEqual(await kv.get("k"), "hé\r\n.o");
    });
  });

  it("big replies, each into memory of its own", async () => {
    const bytesOf = (n: number): Uint8Array => new Uint8Array(300_000 + n * 70_001).fill(n);
    const script: Script = ([name, key]) => {
      if (name !== "GET") return;
      const value = bytesOf(Number(key));
      return concat([encodeText(`$${value.length}\r\n`), value, encodeText("\r\n")]);
    };
    await withServer(script, async (kv) => {
      const binary = kv.withCodec(bytes);
      const numbers = Array.from({ length: 20 }, (_, n) => n);
      const values = await Promise.all(numbers.map((n) => binary.get(`${n}`)));
      await Promise.all(numbers.map((n) => binary.get(`${n}`)));
      numbers.forEach((n) => ok(Buffer.compare(values[n]!, bytesOf(n)) === 0, `value ${n}`));
    });
  });

  it("replies byte by byte, each for its own caller", async () => {
    const reply = encodeText("$1\r\na\r\n$1\r\nb\r\n$-1\r\n_\r\n-WRONGTYPE no\r\n");
    let count = 0;
    await withServer(([name], peer) => {
      if (name !== "GET" || ++count < 5) return;
      void (async () => {
        for (const byte of reply) await peer.send(Uint8Array.of(byte));
      })();
    }, async (kv) => {
      const calls = ["a", "b", "c", "d", "e"].map((key) => kv.get(key));
      calls[4]!.catch(() => {});
      deepStrictEqual(await Promise.all(calls.slice(0, 4)), ["a", "b", null, null]);
      strictEqual((await errorOf(calls[4]!)).code, "wrong_type");
    });
  });

  it("two replies in one chunk, with pushes and attributes between them", async () => {
    const noise = ">2\r\n+invalidate\r\n*1\r\n$1\r\nk\r\n|1\r\n+ttl\r\n:5\r\n";
    let count = 0;
    await withServer(([name]) => {
      if (name !== "GET" || ++count < 2) return;
      return `${noise}$1\r\na\r\n${noise}$1\r\nb\r\n>1\r\n+bye\r\n`;
    }, async (kv) => {
      deepStrictEqual(await Promise.all([kv.get("a"), kv.get("b")]), ["a", "b"]);
    });
  });

  it("a value that is not UTF-8: the call rejects, the connection goes on", async () => {
    await withServer(([name, key]) => {
      if (name !== "GET") return;
      return key === "bad" ? Uint8Array.of(0x24, 0x31, 13, 10, 0xff, 13, 10) : "$4\r\ngood\r\n";
    }, async (kv, server) => {
      const calls = [kv.get("bad"), kv.get("good")];
      await rejects(calls[0]!, TypeError);
      strictEqual(await calls[1], "good");
      strictEqual(server.peers.length, 1);
    });
  });

  it("an answer of another type as an error of the server", async () => {
    const odd: Script = ([name]) => ["GET", "LPOP", "LMOVE"].includes(name!) ? ":5\r\n" : undefined;
    await withServer(odd, async (kv, server) => {
      const calls = [
        kv.get("k"),
        kv.popFirst("k"),
        kv.popFirst("k", { wait: true }),
        kv.move("k", "l", { take: "first", put: "last", wait: true }),
      ];
      for (const call of calls) ok(await errorOf(call) instanceof KvServerError);
      strictEqual(server.peers.length, 1);
    });
  });
});

describe("Valkey client sends", () => {
  const kinds: Record<string, (memory: ArrayBuffer) => Uint8Array> = {
    "Uint8Array": (memory) => new Uint8Array(memory),
    "Buffer": (memory) => Buffer.from(memory),
  };
  for (const [kind, view] of Object.entries(kinds)) {
    it(`to a server that is behind: the ${kind} given, also if that is given away`, async () => {
      const seen: string[] = [];
      const script: Script = ([name, key, value], peer) => {
        if (name === "DEL") {
          peer.read(false);
          return ":1\r\n";
        }
        if (name !== "SET") return;
        seen.push(`${key}: ${value!.length} ${/^a+$/.test(value!)}`);
        return "+OK\r\n";
      };
      await withServer(script, async (kv, server) => {
        await kv.delete("k");
        const memory = new ArrayBuffer(2 ** 24);
        const value = view(memory).fill(0x61);
        const calls = [kv.put("big", value), kv.put("small", "a")];
        await Promise.resolve();
        await Promise.resolve();
        const moved = structuredClone(memory, { transfer: [memory] });
        new Uint8Array(moved).fill(0x62, 2 ** 23);
        server.peers[0]!.read(true);
        await Promise.all(calls);
        strictEqual(moved.byteLength, 2 ** 24); // kept so long: Node reads a piece where it is
        deepStrictEqual(seen, ["big: 16777216 true", "small: 1 true"]);
      }, { readTimeout: 20_000 });
    });
  }
});

describe("Valkey client is refused", () => {
  const refusals: Record<string, [Script, string, RegExp]> = {
    "a wrong password": [
      ([name]) => name === "HELLO" ? "-WRONGPASS invalid username-password pair\r\n" : undefined,
      "WRONGPASS",
      /the server answered "WRONGPASS invalid username-password pair"$/,
    ],
    "no password": [
      ([name]) => name === "HELLO" ? "-NOAUTH HELLO must be called with AUTH\r\n" : undefined,
      "NOAUTH",
      /the server wants a password$/,
    ],
    "a server without HELLO": [
      ([name]) => name === "HELLO" ? "-ERR unknown command 'HELLO'\r\n" : undefined,
      "ERR",
      /the server does not speak RESP3/,
    ],
    "a server without RESP3": [
      ([name]) => name === "HELLO" ? "-NOPROTO unsupported protocol version\r\n" : undefined,
      "NOPROTO",
      /the server does not speak RESP3/,
    ],
    "a server that is loading": [
      ([name]) => name === "PING" ? "-LOADING the dataset is loading\r\n" : undefined,
      "LOADING",
      /LOADING/,
    ],
    "a database that is not there": [
      ([name]) => name === "SELECT" ? "-ERR DB index is out of range\r\n" : undefined,
      "ERR",
      /out of range/,
    ],
  };
  for (const [why, [script, code, message]] of Object.entries(refusals)) {
    it(`by ${why}`, async () => {
      await using server = await startScripted(script);
      const options = { port: server.port, username: "ada", password: "s3cret", database: 3 };
      const error = await errorOf(openKv({ backend: "valkey", ...options }));
      ok(error instanceof KvServerError, String(error));
      strictEqual(error.serverCode, code);
      match(error.message, /^Cannot connect to 127\.0\.0\.1:\d+: /);
      match(error.message, message);
      ok(!JSON.stringify([error.message, String(error.cause)]).includes("s3cret"));
    });
  }

  it("by what is no Valkey server", async () => {
    const script: Script = (_, peer) => void peer.send("HTTP/1.1 400 Bad Request\r\n\r\n");
    await using server = await startScripted(script);
    const error = await errorOf(openKv({ backend: "valkey", port: server.port }));
    ok(error instanceof KvConnectionError);
    match(error.message, /^Cannot connect to \S+: what answers there is no Valkey server$/);
  });

  it("by an error of the server: its code is told, and no argument", async () => {
    const script: Script = ([name]) =>
      name === "SET" || name === "FROB"
        ? "-OOM command not allowed, with args beginning with: 'secret'\r\n"
        : undefined;
    await withServer(script, async (kv) => {
      for (const call of [kv.put("k", "secret"), kv.command("FROB", "secret")]) {
        const error = await errorOf(call);
        ok(error instanceof KvServerError);
        strictEqual(error.serverCode, "OOM");
        strictEqual(error.code, "full");
        ok(!error.message.includes("secret"));
      }
    });
  });

  it("in words that repeat arguments: they are left out, its code is not", async () => {
    const script: Script = ([name, ...args]) => {
      if (name !== "ACL" && name !== "SET") return undefined;
      return `-ERRED Error in ${name} modifier '${args.at(-1)}' of '${args.at(-1)}!'\r\n`;
    };
    await withServer(script, async (kv) => {
      const calls: [Promise<unknown>, string][] = [
        [kv.command("ACL", "SETUSER", "bob", "<secretpw"), "Error in ACL modifier '…' of '…!'"],
        [kv.command("ACL", "secret", encodeText("secretpw")), "Error in ACL modifier '…' of '…!'"],
        [kv.command("SET", "ERRED", 12), "Error in SET modifier '12' of '12!'"],
        [kv.put("k", "Err"), "…or in SET modifier '…' of '…!'"],
      ];
      for (const [call, words] of calls) {
        ok((await errorOf(call)).message.endsWith(`: the server answered "ERRED ${words}"`));
      }
    });
  });

  it("in words in which the server has cut an argument, and made spaces of line ends", async () => {
    const script: Script = ([name, , value]) => {
      if (name !== "SET") return undefined;
      const shown = encodeText(value!.replaceAll(/[\r\n]/g, " ")).subarray(0, 128);
      return concat([encodeText("-ERR '"), shown, encodeText("'\r\n")]);
    };
    await withServer(script, async (kv) => {
      for (const value of ["s".repeat(1_000), "€".repeat(1_000), "two\r\nlines"]) {
        const { message } = await errorOf(kv.put("k", value));
        ok(message.endsWith(`: the server answered "ERR '…'"`), message);
      }
    });
  });

  it("by the wrong type at one of the two keys of move(), which it does not name", async () => {
    const script: Script = ([name]) => name === "LMOVE" ? "-WRONGTYPE no\r\n" : undefined;
    await withServer(script, async (kv) => {
      const move = (to: string): Promise<KvError> =>
        errorOf(kv.move("from", to, { take: "first", put: "last" }));
      const { code, message } = await move("to");
      strictEqual(code, "wrong_type");
      strictEqual(message, 'Cannot move from "from" to "to": one of them holds no array');
      strictEqual((await move("from")).message, 'Cannot move from "from": it holds no array');
    });
  });

  it("only PING: that is a user who may not ask, and is let in", async () => {
    const script: Script = ([name]) => {
      if (name === "PING") return "-NOPERM this user has no permissions to run 'ping'\r\n";
      return name === "GET" ? "$1\r\na\r\n" : undefined;
    };
    await withServer(script, async (kv) => strictEqual(await kv.get("k"), "a"));
  });

  it("while the server loads its data after a restart: calls wait until it has", async () => {
    const script: Script = ([name], peer) => {
      if (name === "PING" && peer.number === 2) return "-LOADING the dataset is loading\r\n";
      if (name === "GET" && peer.number === 1) return peer.hangUp();
      return name === "GET" ? "$3\r\nnew\r\n" : undefined;
    };
    await withServer(script, async (kv, server) => {
      strictEqual(await kv.get("k"), "new");
      strictEqual(server.peers.length, 3);
      strictEqual((await kv.command("GET", "k")) as string, "new");
    });
  });
});

describe("Valkey client greets", () => {
  it("with RESP3, name and credentials, then the database, in one write", async () => {
    await withServer(() => {}, async (_kv, server) => {
      deepStrictEqual(server.peers[0]!.commands, [
        ["HELLO", "3", "AUTH", "ada", "pässword", "SETNAME", "worker"],
        ["SELECT", "3"],
        ["PING"],
      ]);
      await Promise.resolve();
    }, { username: "ada", password: "pässword", clientName: "worker", database: 3 });
  });

  it("as the default user where there is only a password, and without SELECT for 0", async () => {
    await withServer(() => {}, async (_kv, server) => {
      deepStrictEqual(server.peers[0]!.commands, [
        ["HELLO", "3", "AUTH", "default", "p"],
        ["PING"],
      ]);
      await Promise.resolve();
    }, { password: "p" });
  });
});

describe("Valkey client and scripts", () => {
  const NOSCRIPT = "-NOSCRIPT No matching script. Please use EVAL.\r\n";

  /** The name of each command that came, and its key. */
  function told({ commands }: Peer): string[] {
    return commands.slice(2).map((words) =>
      words[0] === "SCRIPT" ? "SCRIPT LOAD" : `${words[0]} ${words[3]}`
    );
  }

  it("loads one once, then sends its SHA-1, and its text on NOSCRIPT", async () => {
    let isForgotten = false;
    const script: Script = ([name]) => {
      if (name === "EVALSHA" && isForgotten) {
        isForgotten = false;
        return NOSCRIPT;
      }
      return name === "EVAL" || name === "EVALSHA" ? ":1\r\n" : undefined;
    };
    await withServer(script, async (kv, server) => {
      strictEqual(await kv.remove("a"), true);
      strictEqual(await kv.remove("b"), true);
      isForgotten = true;
      strictEqual(await kv.remove("c"), true);
      strictEqual(await kv.remove("d"), true);
      const expected = [
        "EVALSHA a",
        "EVALSHA b",
        "EVALSHA c",
        "EVAL c",
        "SCRIPT LOAD",
        "EVALSHA d",
      ];
      deepStrictEqual(told(server.peers[0]!), ["SCRIPT LOAD", ...expected]);
    });
  });

  it("does without where it may not load one, or a server goes mad", async () => {
    let answer = ":1\r\n";
    const script: Script = ([name]) => {
      if (name === "SCRIPT") return "-NOPERM no permission to run 'script|load'\r\n";
      return name === "EVALSHA" ? NOSCRIPT : name === "EVAL" ? answer : undefined;
    };
    await withServer(script, async (kv, server) => {
      strictEqual(await kv.remove("a"), true);
      deepStrictEqual(told(server.peers[0]!), ["SCRIPT LOAD", "EVALSHA a", "EVAL a"]);
      answer = NOSCRIPT;
      const error = await errorOf(kv.remove("a"));
      ok(error instanceof KvServerError);
      strictEqual(error.serverCode, "NOSCRIPT");
    });
  });

  it("sends the bytes of the call on NOSCRIPT, not what the caller has made of them", async () => {
    const script: Script = ([name]) => {
      if (name === "EVALSHA") return NOSCRIPT;
      return name === "EVAL" ? ":1\r\n" : undefined;
    };
    await withServer(script, async (kv, server) => {
      const expected = encodeText("old"), value = encodeText("new");
      const call = kv.putIfEqual("k", expected, value);
      await Promise.resolve();
      expected.fill(0x78);
      value.fill(0x78);
      strictEqual(await call, true);
      const last = server.peers[0]!.commands.at(-1)!;
      deepStrictEqual([last[0], ...last.slice(4)], ["EVAL", "old", "new"]);
    });
  });

  it("loads one for itself on each connection, and for no call that was lost", async () => {
    const script: Script = ([name], peer) => {
      if (name === "EVALSHA") return peer.number === 1 ? peer.hangUp() : ":1\r\n";
      return name === "EVAL" ? "*3\r\n$6\r\nstring\r\n:1\r\n:-1\r\n" : undefined;
    };
    await withServer(script, async (kv, server) => {
      const calls = [errorOf(kv.remove("a")), kv.inspect("b")] as const;
      strictEqual((await calls[0]).code, "connection");
      strictEqual((await calls[1])?.length, 1);
      strictEqual(await kv.remove("c"), true);
      deepStrictEqual(told(server.peers[1]!), ["EVAL b", "SCRIPT LOAD", "EVALSHA c"]);
    });
  });
});

describe("ValkeyKv.command()", () => {
  it("gives any reply of RESP3", async () => {
    const reply = "%2\r\n+a\r\n*2\r\n:1\r\n,1.5\r\n+b\r\n~2\r\n#t\r\n_\r\n";
    await withServer(([name]) => name === "FROB" ? reply : undefined, async (kv) => {
      deepStrictEqual(
        await kv.command("FROB", 1, "x", Uint8Array.of(0)),
        new Map<unknown, unknown>([["a", [1, 1.5]], ["b", new Set([true, null])]]),
      );
    });
  });

  it("rejects what is no argument, and what would break the shared connection", async () => {
    await withServer(() => {}, async (kv, server) => {
      const given = new Uint8Array(1);
      structuredClone(given.buffer, { transfer: [given.buffer] });
      const bad = [
        [],
        [undefined],
        [null],
        [{}],
        [NaN],
        ["\ud800"],
        ["SELECT", 1],
        ["subscribe", "c"],
        ["MULTI"],
        ["CLIENT", "REPLY", "OFF"],
        ["client", "tracking", "on"],
        ["CLIENT", "CACHING", "yes"],
        ["CLIENT", "CAPA", "redirect"],
        ["CLIENT", "IMPORT-SOURCE", "ON"],
        ["CLIENT", encodeText("no-touch"), "ON"],
        ["CLIENT", "NO-EVICT", "ON"],
        ["CLIENT", "SETNAME", "name"],
        ["CLIENT", "SETINFO", "LIB-NAME", "name"],
        ["SCRIPT", "DEBUG", "YES"],
        ["SET", "k", given],
        ["SET", "k", new Proxy(new Uint8Array(1), {})],
        ["BLPOP", "k", 0],
        ["XREAD", "block", 0],
        ["XREAD", "BLOCK", 0, "STREAMS", "k", "0"],
        ["XREADGROUP", "GROUP", "STREAMS", "c", "BLOCK", 0, "STREAMS", "k", ">"],
        ["XREADGROUP", "COUNT", 1, "block", 0, "GROUP", "g", "c", "STREAMS", "k", ">"],
        [encodeText("monitor")],
      ] as unknown as string[][]; // deno-fmt-ignore-line
      for (const args of bad) await rejects(kv.command(...args), TypeError, String(args[0]));
      deepStrictEqual(server.peers[0]!.commands.slice(2), []);
    });
  });

  it("takes no name for an option: of a stream, a group or a consumer", async () => {
    const script: Script = ([name]) => name!.startsWith("XREAD") ? "_\r\n" : undefined;
    await withServer(script, async (kv) => {
      strictEqual(await kv.command("XREAD", "STREAMS", "block", "0"), null);
      const named = ["XREADGROUP", "GROUP", "block", "BLOCK", "STREAMS", "block", ">"];
      strictEqual(await kv.command(...named), null);
    });
  });
});
