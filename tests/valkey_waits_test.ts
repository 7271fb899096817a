/**
 * Calls that wait, against a server that does what a test says: how they end where there is no
 * connection, where a string comes to the key, and where the store is closed.
 */

import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import process from "node:process";
import { describe, it } from "node:test";
import type { ConnectSocket } from "../backends/valkey/socket.ts";
import { openValkeyKv } from "../backends/valkey/valkey_kv.ts";
import type { ValkeyKv } from "../kv/backends.ts";
import { type CheckedValkeyOptions, checkKvOptions } from "../kv/checked_options.ts";
import type { KvConnectionError, KvError } from "../kv/errors.ts";
import { wrongTypeError } from "./conformance/expect.ts";
import { memoryServer } from "./support/memory_socket.ts";
import { errorOf, withServer } from "./support/scripted_kv.ts";
import type { Peer, Script } from "./support/scripted_server.ts";
import { PATIENT } from "./support/valkey_server.ts";

const WRONG_TYPE = "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";
const NOTHING = "_\r\n";
const TIMEOUT = { timeout: 20_000 };
const ALONG = { take: "first", put: "last", wait: true } as const;

/** Plays the answers to each command in turn, and the last of them again and again. */
function play(answers: Record<string, string[]>, seen: string[]): Script {
  return ([name, key]) => {
    const queue = answers[name!];
    if (queue === undefined) return undefined;
    seen.push(`${name} ${key}`);
    return queue.length > 1 ? queue.shift() : queue[0];
  };
}

describe("Valkey client waits, and a string comes to the key", () => {
  const calls: Record<string, (kv: ValkeyKv) => Promise<string | null>> = {
    POP: (kv) => kv.popFirst("from", { wait: true }),
    MOVE: (kv) => kv.move("from", "to", ALONG),
  };
  const words: Record<string, [ask: string, block: string, found: string]> = {
    POP: ["LPOP", "BLPOP", "*2\r\n$4\r\nfrom\r\n$1\r\na\r\n"],
    MOVE: ["LMOVE", "BLMOVE", "$1\r\na\r\n"],
  };

  for (const [name, call] of Object.entries(calls)) {
    const [ask, block, found] = words[name]!;
    it(`${ask}: a blocked call that is refused goes on`, TIMEOUT, async () => {
      const seen: string[] = [];
      const answers = {
        [ask]: [NOTHING],
        [block]: [WRONG_TYPE, WRONG_TYPE, found],
        LLEN: [WRONG_TYPE, ":0\r\n"],
      };
      await withServer(play(answers, seen), async (kv) => {
        strictEqual(await call(kv), "a");
        strictEqual(seen.filter((command) => command.startsWith(block)).length, 3);
      });
    });

    it(`${ask}: a call that asks again and is refused goes on`, TIMEOUT, async () => {
      const answers = { [ask]: [NOTHING, WRONG_TYPE, "$1\r\na\r\n"], LLEN: [WRONG_TYPE] };
      await withServer(play(answers, []), async (kv) => {
        strictEqual(await call(kv), "a");
      }, { poolSize: 1 });
    });
  }

  for (const poolSize of [1, 8]) {
    const answers = (): Record<string, string[]> => ({
      LMOVE: [NOTHING, WRONG_TYPE],
      BLMOVE: [WRONG_TYPE],
    });

    it(`move() with ${poolSize} connections rejects for a string at its end`, TIMEOUT, async () => {
      const script = play(answers(), []);
      await withServer((command, peer) => {
        if (command[0] === "LLEN") return command[1] === "to" ? WRONG_TYPE : ":1\r\n";
        return script(command, peer);
      }, async (kv) => {
        await rejects(kv.move("from", "to", ALONG), wrongTypeError);
      }, { poolSize });
    });

    it(`move() with ${poolSize} connections rejects with a refusal to look`, TIMEOUT, async () => {
      const script = play({ ...answers(), LLEN: ["-NOPERM no LLEN\r\n"] }, []);
      await withServer(script, async (kv) => {
        strictEqual((await errorOf(kv.move("from", "to", ALONG))).code, "server");
      }, { poolSize });
    });
  }
});

describe("Valkey client ends a wait", () => {
  const options = checkKvOptions({
    ...PATIENT,
    backend: "valkey",
    connectMode: "lazy",
  }) as CheckedValkeyOptions;

  // It waited for a connection for all of `connectTimeout`, and popped what came by then.
  it("at once on abort() without a connection, and never asks", TIMEOUT, async () => {
    const seen: string[] = [];
    const server = memoryServer(([name]) => {
      seen.push(name!);
      return "$1\r\na\r\n";
    });
    server.isUp = false;
    await using kv = await openValkeyKv(options, server.connect);
    const abort = new AbortController();
    const reason = new Error("given up");
    const call = kv.pop("k", { wait: true, signal: abort.signal });
    abort.abort(reason);
    await rejects(call, (error) => error === reason);
    server.isUp = true;
    strictEqual(await kv.get("k"), "a");
    deepStrictEqual(seen, ["GET"]);
  });

  /** A store whose first connection is made, and no other: the second one says when it is tried. */
  async function withSecondPending(
    run: (kv: ValkeyKv, second: Promise<void>) => Promise<void>,
  ): Promise<void> {
    const server = memoryServer(() => NOTHING);
    let isTried: () => void;
    const second = new Promise<void>((resolve) => isTried = resolve);
    const connect: ConnectSocket = (target, handlers, signal) => {
      if (server.attemptCount === 0) return server.connect(target, handlers, signal);
      isTried();
      return new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => reject(new Error("no answer")));
      });
    };
    await using kv = await openValkeyKv({ ...options, connectTimeout: 60_000 }, connect);
    await run(kv, second);
  }

  const ends: Record<string, (kv: ValkeyKv, abort: AbortController) => unknown> = {
    "abort()": (_kv, abort) => abort.abort(),
    "close()": (kv) => kv.close(),
  };
  for (const [name, end] of Object.entries(ends)) {
    it(`with ${name}, also while a connection for it is being made`, TIMEOUT, async () => {
      await withSecondPending(async (kv, second) => {
        const abort = new AbortController();
        const call = kv.popFirst("k", { wait: true, signal: abort.signal });
        await second;
        void end(kv, abort);
        await rejects(call, (error: Error) => {
          return error.name === "AbortError" || (error as KvError).code === "closed";
        });
      });
    });
  }

  it("in time, also while a connection for it is being made", TIMEOUT, async () => {
    await withSecondPending(async (kv) => {
      strictEqual(await kv.popFirst("k", { wait: 50 }), null);
    });
  });

  it("and frees its place in the queue", TIMEOUT, async () => {
    const server = memoryServer(() => "$1\r\na\r\n");
    let hangUp: () => void;
    server.onGreeted = (hang) => hangUp = hang;
    await using kv = await openValkeyKv({ ...options, offlineQueue: 3 }, server.connect);
    await kv.get("k");
    server.isUp = false;
    hangUp!();
    for (let i = 0; i < 10; i++) {
      const abort = new AbortController();
      const call = kv.popFirst("k", { wait: true, signal: abort.signal });
      abort.abort();
      await rejects(call, { name: "AbortError" });
    }
    const value = kv.get("k");
    server.isUp = true;
    strictEqual(await value, "a");
  });

  it("on abort(), also if the shared connection is cut meanwhile", TIMEOUT, async () => {
    let blocked: Peer | undefined;
    const script: Script = ([name], peer) => {
      if (name === "LPOP") return NOTHING;
      if (name === "BLPOP") {
        blocked = peer;
        abort.abort();
      }
      if (name !== "CLIENT") return undefined;
      if (peer.number === 1) return peer.hangUp();
      void blocked!.send(NOTHING);
      return ":1\r\n";
    };
    const abort = new AbortController();
    await withServer(script, async (kv) => {
      const call = kv.popFirst("k", { wait: true, signal: abort.signal });
      await rejects(call, { name: "AbortError" });
    }, { readTimeout: 2 ** 40 });
  });

  // Twice the time was more than a timer can run, and so none at all.
  it("with close(), however long readTimeout is", TIMEOUT, async () => {
    let blocked: Peer | undefined;
    let block: () => void;
    const isBlocked = new Promise<void>((resolve) => block = resolve);
    const script: Script = ([name], peer) => {
      if (name === "LPOP") return NOTHING;
      if (name === "BLPOP") {
        blocked = peer;
        block();
      }
      if (name !== "CLIENT") return undefined;
      setTimeout(() => void blocked!.send(NOTHING), 50);
      return ":1\r\n";
    };
    await withServer(script, async (kv) => {
      const error = errorOf(kv.popFirst("k", { wait: true }));
      await isBlocked;
      await kv.close();
      strictEqual((await error).code, "closed");
    }, { readTimeout: 2 ** 30 });
  });

  it("with close(), also if the server may not be told", TIMEOUT, async () => {
    let block: () => void;
    const isBlocked = new Promise<void>((resolve) => block = resolve);
    const script: Script = ([name]) => {
      if (name === "BLPOP") block();
      if (name === "CLIENT") return "-NOPERM this user has no permissions\r\n";
      return name === "LPOP" ? NOTHING : undefined;
    };
    await withServer(script, async (kv) => {
      const error = errorOf(kv.popFirst("k", { wait: true }));
      await isBlocked;
      await kv.close();
      strictEqual((await error as KvConnectionError).outcome, "unknown");
    }, { readTimeout: 50 });
  });

  // The blocked connection was allowed the silence of a whole slice: 10 s.
  it("with abort(), also if the server has frozen", { timeout: 5_000 }, async () => {
    let block: () => void;
    const isBlocked = new Promise<void>((resolve) => block = resolve);
    const frozen: Script = ([name]) => {
      if (name === "BLPOP") block();
      return name === "LPOP" ? NOTHING : undefined;
    };
    await withServer(frozen, async (kv) => {
      const abort = new AbortController();
      const error = errorOf(kv.popFirst("k", { wait: true, signal: abort.signal }));
      await isBlocked;
      abort.abort();
      strictEqual((await error).code, "timeout");
    }, { readTimeout: 100, reconnect: false });
  });

  // It was given up as one that owes an answer, with whatever had come to it meanwhile.
  it(
    "with abort(), as it ends by itself where the server finds nothing to end",
    TIMEOUT,
    async () => {
      let blocked: Peer | undefined;
      const abort = new AbortController();
      const script: Script = ([name], peer) => {
        if (name === "BLPOP") {
          blocked = peer;
          abort.abort();
        }
        return name === "LPOP" ? NOTHING : name === "CLIENT" ? ":0\r\n" : undefined;
      };
      await withServer(script, async (kv) => {
        const call = kv.popFirst("k", { wait: true, signal: abort.signal });
        setTimeout(() => void blocked!.send("*2\r\n$1\r\nk\r\n$1\r\na\r\n"), 300);
        strictEqual(await call, "a");
      }, { readTimeout: 50 });
    },
  );

  // The first refusal was taken for the last word: the call went on for its whole slice.
  for (const refusal of ["-BUSY a script runs\r\n", "-LOADING from the disk\r\n"]) {
    it(`with abort(), once the server does what it refused by ${refusal.trim()}`, {
      timeout: 5_000,
    }, async () => {
      let blocked: Peer | undefined;
      let refusals = 0;
      const script: Script = ([name], peer) => {
        if (name === "LPOP") return NOTHING;
        if (name === "BLPOP") {
          blocked = peer;
          abort.abort();
        }
        if (name !== "CLIENT") return undefined;
        if (++refusals < 4) return refusal;
        void blocked!.send(NOTHING);
        return ":1\r\n";
      };
      const abort = new AbortController();
      await withServer(script, async (kv) => {
        const call = kv.popFirst("k", { wait: true, signal: abort.signal });
        await rejects(call, { name: "AbortError" });
      });
    });
  }

  /** Cuts the shared connection of a call that waits, aborts the call, and has an element come. */
  function cutShared(abort: AbortController, comesInMs: number): Script {
    let shared: Peer;
    return ([name], peer) => {
      if (name === "LPOP") {
        shared = peer;
        return NOTHING;
      }
      if (name !== "BLPOP") return undefined;
      shared.hangUp();
      setTimeout(() => abort.abort(), 20);
      setTimeout(() => void peer.send("*2\r\n$1\r\nk\r\n$1\r\na\r\n"), comesInMs);
    };
  }

  // The connection that waited was hung up on, and with it went what was on its way.
  it("on abort() without a shared connection, and takes what comes by then", TIMEOUT, async () => {
    const abort = new AbortController();
    await withServer(cutShared(abort, 300), async (kv) => {
      strictEqual(await kv.popFirst("k", { wait: true, signal: abort.signal }), "a");
    }, { readTimeout: 100, reconnect: false });
  });

  // It was held back until nobody hoped for another connection any more.
  it("with what comes, though the server could not be told yet", { timeout: 5_000 }, async () => {
    const abort = new AbortController();
    const cut = cutShared(abort, 100);
    const script: Script = (command, peer) => {
      const isRefused = command[0] === "HELLO" && peer.number > 2;
      return isRefused ? "" : cut(command, peer); // no answer
    };
    await withServer(script, async (kv) => {
      strictEqual(await kv.popFirst("k", { wait: true, signal: abort.signal }), "a");
    }, { connectTimeout: 20_000 });
  });

  it("and leaves nothing at the signal of its caller", TIMEOUT, async () => {
    const { signal } = new AbortController();
    const listeners = new Set<unknown>();
    signal.addEventListener = (_type: string, listener: unknown) => void listeners.add(listener);
    signal.removeEventListener = (_type: string, listener: unknown) => {
      listeners.delete(listener);
    };
    await withServer(([name]) => name === "LPOP" ? NOTHING : undefined, async (kv) => {
      strictEqual(await kv.popFirst("k", { wait: 60, signal }), null);
    }, { poolSize: 1 });
    deepStrictEqual([...listeners], []);
  });

  // Node warns of what it takes for a leak: eleven listeners at one signal.
  it("without a word from the runtime, where many wait", TIMEOUT, async () => {
    const warnings: Error[] = [];
    const listen = (warning: Error): void => void warnings.push(warning);
    process.on("warning", listen);
    await withServer(([name]) => name === "LPOP" ? NOTHING : undefined, async (kv) => {
      const codes = Promise.all(
        Array.from(
          { length: 30 },
          async () => (await errorOf(kv.popFirst("k", { wait: true }))).code,
        ),
      );
      await new Promise((resolve) => setTimeout(resolve, 60));
      await kv.close();
      ok((await codes).every((code) => code === "closed"));
    }, { poolSize: 1 });
    process.off("warning", listen);
    deepStrictEqual(warnings, []);
  });
});

describe("Valkey client and a wait that is just over", () => {
  it("sets no timer before now, of which a runtime would warn", async () => {
    const { setTimeout } = globalThis;
    const { now } = performance;
    const delays: (number | undefined)[] = [];
    const server = memoryServer(() => NOTHING);
    const options = checkKvOptions({ backend: "valkey" }) as CheckedValkeyOptions;
    await using kv = await openValkeyKv(options, server.connect);
    let ms = now.call(performance);
    performance.now = () => ms += 0.6; // so that the end comes between two looks
    globalThis.setTimeout = ((call: () => void, ms?: number) => {
      delays.push(ms);
      return setTimeout(call, ms);
    }) as typeof setTimeout;
    try {
      strictEqual(await kv.pop("k", { wait: 1 }), null);
    } finally {
      performance.now = now;
      globalThis.setTimeout = setTimeout;
    }
    ok(delays.length > 0);
    deepStrictEqual(delays.filter((ms) => (ms ?? 0) < 0), []);
  });
});

describe("Valkey client opens connections for calls that wait", () => {
  // 50 calls made 975 attempts in two seconds, at a server that had no more connections to give.
  it("later and later where that fails", TIMEOUT, async () => {
    const script: Script = ([name], peer) => {
      if (peer.number > 1) return "-ERR max number of clients reached\r\n";
      return name === "LPOP" ? NOTHING : undefined;
    };
    await withServer(script, async (kv, server) => {
      const calls = Array.from({ length: 50 }, () => kv.popFirst("k", { wait: 300 }));
      deepStrictEqual(await Promise.all(calls), calls.map(() => null));
      // Seven at once at first, then one at a time: a dozen of those take 20 s.
      ok(server.peers.length <= 1 + 7 + 12, `${server.peers.length} connections`);
    });
  });

  // It tried another one every 50 ms, and kept all that came.
  it("one for each call, however long that takes", TIMEOUT, async () => {
    const server = memoryServer(() => NOTHING);
    const connect: ConnectSocket = async (...where) => {
      if (server.attemptCount > 0) await new Promise((resolve) => setTimeout(resolve, 200));
      return await server.connect(...where);
    };
    const options = checkKvOptions({ ...PATIENT, backend: "valkey" }) as CheckedValkeyOptions;
    await using kv = await openValkeyKv(options, connect);
    await Promise.all([kv.popFirst("k", { wait: 400 }), kv.popFirst("k", { wait: 400 })]);
    strictEqual(server.openCount, 1 + 2);
  });

  it("again once that works", TIMEOUT, async () => {
    let isFull = true;
    const script: Script = ([name], peer) => {
      if (peer.number > 1 && isFull) return "-ERR max number of clients reached\r\n";
      if (name === "BLPOP") return "*2\r\n$1\r\nk\r\n$1\r\na\r\n";
      return name === "LPOP" ? NOTHING : undefined;
    };
    await withServer(script, async (kv) => {
      const call = kv.popFirst("k", { wait: true });
      await new Promise((resolve) => setTimeout(resolve, 100));
      isFull = false;
      strictEqual(await call, "a");
    });
  });
});
