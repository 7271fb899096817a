/**
 * The client without the connection that it wants, against a server that does what a test says:
 * connections that end at the worst moment, garbage, silence, nobody there.
 */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { describe, it } from "node:test";
import { KvConnectionError, type KvError } from "../kv/errors.ts";
import { openKv } from "../kv/open.ts";
import { RespError } from "../resp3/mod.ts";
import { encodeText } from "./support/resp_writer.ts";
import { errorOf, withServer } from "./support/scripted_kv.ts";
import { helloReply, type Peer, type Script, startScripted } from "./support/scripted_server.ts";

const LATER = { reconnect: false } as const;

/** Answers the first GET by `act`, later ones by `$5 later`, and SET never. */
function firstGet(act: (peer: Peer) => void): Script {
  let isFirst = true;
  return ([name], peer) => {
    if (name !== "GET") return undefined;
    if (!isFirst) return "$5\r\nlater\r\n";
    isFirst = false;
    act(peer);
  };
}

describe("Valkey client waits for a connection", () => {
  it("pop() gives what came before its abort, though it could not block yet", async () => {
    let hasCome = false;
    let dial: (peer: Peer) => void;
    const dialed = new Promise<Peer>((resolve) => dial = resolve);
    const script: Script = ([name], peer) => {
      if (name === "RPOP") return hasCome ? "$4\r\ncame\r\n" : "_\r\n";
      if (peer.number === 1) return undefined;
      dial(peer);
      return "";
    };
    await withServer(script, async (kv) => {
      const abort = new AbortController();
      const waiting = kv.pop("k", { wait: true, signal: abort.signal });
      const peer = await dialed;
      hasCome = true;
      abort.abort();
      await peer.send(`${helloReply(peer.number)}+PONG\r\n`);
      strictEqual(await waiting, "came");
    });
  });
});

describe("Valkey client loses its connection", () => {
  const ends: Record<string, (peer: Peer) => void> = {
    "before a reply": (peer) => peer.hangUp(),
    "inside a reply": (peer) => void peer.send("$10\r\nhal").then(() => peer.hangUp()),
  };
  for (const [when, act] of Object.entries(ends)) {
    it(`${when}: a read is sent again`, async () => {
      await withServer(firstGet(act), async (kv, server) => {
        strictEqual(await kv.get("k"), "later");
        strictEqual(server.peers.length, 2);
        strictEqual((await kv.command("GET", "k")) as string, "later");
      });
    });

    it(`${when}: a write is not, and rejects with outcome "unknown"`, async () => {
      const script: Script = ([name], peer) => name === "SET" ? act(peer) : undefined;
      await withServer(script, async (kv, server) => {
        const error = await errorOf(kv.put("secret-key", "secret-value"));
        ok(error instanceof KvConnectionError);
        strictEqual(error.outcome, "unknown");
        match(error.message, /^Cannot put "secret-key": the connection was lost/);
        ok(!error.message.includes("secret-value"));
        await kv.flush();
        const sets = server.peers.flatMap(({ commands }) => commands.filter(([c]) => c === "SET"));
        strictEqual(sets.length, 1);
      });
    });
  }

  it("after a reply: the caller has it, and the next call goes to a new connection", async () => {
    const script = firstGet((peer) => void peer.send("$5\r\nfirst\r\n").then(() => peer.hangUp()));
    await withServer(script, async (kv, server) => {
      strictEqual(await kv.get("k"), "first");
      while (server.openCount > 0 && server.peers.length < 2) await kv.flush();
      strictEqual(await kv.get("k"), "later");
    });
  });

  it("by every read again and again: the read rejects in the end", async () => {
    const script: Script = ([name], peer) => name === "GET" ? peer.hangUp() : undefined;
    await withServer(script, async (kv, server) => {
      const error = await errorOf(kv.get("poison"));
      ok(error instanceof KvConnectionError);
      strictEqual(error.outcome, "unknown");
      strictEqual(
        server.peers.filter((peer) => peer.commands.some(([c]) => c === "GET")).length,
        3,
      );
    });
  });

  it("by an answer to a command that has not left: no call takes it", async () => {
    const script: Script = ([name]) => {
      if (name === "EVALSHA") return "-NOSCRIPT none\r\n:41\r\n"; // nobody asked for the second
      return name === "EVAL" ? ":1\r\n" : name === "LLEN" ? ":1000\r\n" : undefined;
    };
    await withServer(script, async (kv) => {
      strictEqual(await kv.increment("n"), 1);
      strictEqual(await kv.length("other"), 1000);
    });
  });

  it("with calls in flight: those before the cut are done, those behind it reject", async () => {
    let count = 0;
    const script: Script = ([name], peer) => {
      if (name !== "SET") return;
      if (++count < 4) return "+OK\r\n";
      if (count === 4) setTimeout(() => peer.hangUp(), 5);
    };
    await withServer(script, async (kv) => {
      const outcomes = await Promise.allSettled([1, 2, 3, 4, 5, 6].map((n) => kv.put("k", `${n}`)));
      deepStrictEqual(outcomes.map(({ status }) => status), [
        "fulfilled",
        "fulfilled",
        "fulfilled",
        "rejected",
        "rejected",
        "rejected",
      ]); // deno-fmt-ignore-line
    });
  });

  const garbage: Record<string, string> = {
    "text of another protocol": "HTTP/1.1 400 Bad Request\r\n\r\n",
    "a hostile length": "$99999999999999\r\n",
    "an array without end": "*999999999\r\n",
    "a reply that nobody asked for": "$1\r\na\r\n$1\r\nb\r\n+c\r\n",
  };
  for (const [what, bytes] of Object.entries(garbage)) {
    it(`to ${what}: it is closed, and its bytes reach no other call`, async () => {
      let isFirst = true;
      const script: Script = ([name]) => {
        if (name !== "EVALSHA") return undefined;
        if (!isFirst) return ":7\r\n";
        isFirst = false;
        return bytes;
      };
      await withServer(script, async (kv, server) => {
        const first = await kv.increment("n").then(() => "answered", (error: KvError) => error);
        if (first instanceof KvConnectionError) {
          strictEqual(first.outcome, "unknown");
          ok(first.cause instanceof RespError);
        }
        while (server.peers.length < 2) await kv.flush().catch(() => {});
        strictEqual(await kv.increment("n"), 7);
        strictEqual(server.peers.length, 2);
      });
    });
  }
});

describe("Valkey client meets silence", () => {
  it("a call rejects with code timeout, and a late reply reaches no other call", async () => {
    const late: Peer[] = [];
    let isFirst = true;
    const script: Script = ([name], peer) => {
      if (name !== "GET") return;
      if (!isFirst) return "$3\r\nnew\r\n";
      isFirst = false;
      late.push(peer);
    };
    await withServer(script, async (kv, server) => {
      const error = await errorOf(kv.get("k"));
      strictEqual(error.code, "timeout");
      match(error.message, /^Cannot get "k": the server was silent for 60 ms$/);
      await late[0]!.send("$3\r\nold\r\n");
      strictEqual(await kv.get("k"), "new");
      strictEqual(server.peers.length, 2);
    }, { readTimeout: 60 });
  });

  it("a server that answers slowly, but answers, is not silent", async () => {
    const script: Script = ([name], peer) => {
      if (name !== "GET") return;
      void (async () => {
        for (const byte of encodeText("$12\r\nhello world!\r\n")) {
          await peer.send(Uint8Array.of(byte));
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
      })();
    };
    await withServer(script, async (kv, server) => {
      strictEqual(await kv.get("k"), "hello world!");
      strictEqual(server.peers.length, 1);
    }, { readTimeout: 100 });
  });

  it("an event loop that was held up is not taken for a silent server", async () => {
    const script: Script = ([name]) => name === "GET" ? "$1\r\na\r\n" : undefined;
    await withServer(script, async (kv, server) => {
      const call = kv.get("k");
      await Promise.resolve();
      const untilMs = Date.now() + 100;
      while (Date.now() < untilMs);
      strictEqual(await call, "a");
      strictEqual(server.peers.length, 1);
    }, { readTimeout: 30 });
  });

  it("a server that accepts and never greets: openKv rejects in time", async () => {
    await using server = await startScripted(() => "");
    const error = await errorOf(
      openKv({ backend: "valkey", port: server.port, connectTimeout: 60 }),
    );
    ok(error instanceof KvConnectionError);
    strictEqual(error.outcome, "not_sent");
    match(error.message, /^Cannot connect to 127\.0\.0\.1:\d+: no answer within 60 ms$/);
  });
});

describe("Valkey client loses its connection, and is refused another", () => {
  it("a read that was to be sent again says why it cannot be", async () => {
    const script: Script = ([name], peer) => {
      if (name === "HELLO" && peer.number > 1) return "-WRONGPASS it was changed\r\n";
      if (name === "GET") peer.hangUp();
    };
    await withServer(script, async (kv) => {
      const error = await errorOf(kv.get("k"));
      ok(error instanceof KvConnectionError && error.outcome === "unknown");
      match(
        error.message,
        /before the answer came, and there is none \(.*WRONGPASS it was changed.*\)$/,
      );
    }, { connectTimeout: 200 });
  });
});

describe("Valkey client and a program that is busy", () => {
  const connectTimeout = 1_000;
  const script: Script = ([name]) => name === "GET" ? "$1\r\nv\r\n" : undefined;

  /** Holds up the event loop, for longer than a connection may take. */
  function beBusy(): void {
    const untilMs = performance.now() + 1.5 * connectTimeout;
    while (performance.now() < untilMs);
  }

  // Timers run before sockets are read: a server that had answered was said not to.
  for (const connectMode of ["lazy", "manual"] as const) {
    it(`connects meanwhile, in ${connectMode} mode`, async () => {
      await withServer(script, async (kv, server) => {
        const connected = connectMode === "manual" ? kv.connect() : undefined;
        const value = connected === undefined ? kv.get("k") : connected.then(() => kv.get("k"));
        beBusy();
        strictEqual(await value, "v");
        strictEqual(server.peers.length, 1);
      }, { connectMode, connectTimeout });
    });
  }

  it("connects anew meanwhile", async () => {
    await withServer(script, async (kv, server) => {
      strictEqual(await kv.get("k"), "v");
      server.peers[0]!.hangUp();
      while (server.peers.length === 1) await new Promise((resolve) => setImmediate(resolve));
      const values = [kv.get("k"), kv.get("k")];
      beBusy();
      deepStrictEqual(await Promise.all(values), ["v", "v"]);
    }, { connectTimeout });
  });
});

describe("Valkey client without a connection", () => {
  it("connectMode lazy connects at the first call", async () => {
    const script: Script = ([name]) => name === "GET" ? "$1\r\na\r\n" : undefined;
    await withServer(script, async (kv, server) => {
      strictEqual(server.peers.length, 0);
      deepStrictEqual(await Promise.all([kv.get("a"), kv.get("b")]), ["a", "a"]);
      strictEqual(server.peers.length, 1);
    }, { connectMode: "lazy", offlineQueue: 0 });
  });

  it("connectMode manual rejects until connect()", async () => {
    const script: Script = ([name]) => name === "GET" ? "$1\r\na\r\n" : undefined;
    await withServer(script, async (kv, server) => {
      const error = await errorOf(kv.get("a"));
      ok(error instanceof KvConnectionError && error.outcome === "not_sent");
      match(error.message, /call connect\(\)$/);
      await Promise.all([kv.connect(), kv.connect()]);
      await kv.connect();
      strictEqual(await kv.get("a"), "a");
      strictEqual(server.peers.length, 1);
    }, { connectMode: "manual" });
  });

  it("connect() rejects where nobody listens, and works once somebody does", async () => {
    let port = 0;
    {
      await using server = await startScripted(() => {});
      port = server.port;
    }
    await using kv = await openKv({ backend: "valkey", port, connectMode: "manual" });
    const error = await errorOf(kv.connect());
    ok(error instanceof KvConnectionError && error.outcome === "not_sent");
    strictEqual((await errorOf(kv.get("k"))).code, "connection");
  });

  it("a call waits for connectTimeout, then rejects with outcome not_sent", async () => {
    let isUp = true;
    const script: Script = ([name], peer) => {
      if (!isUp) return peer.hangUp();
      if (name !== "DEL") return;
      isUp = false;
      peer.hangUp();
    };
    await withServer(script, async (kv) => {
      // The time is short, and a busy machine may need more to connect.
      while (!await kv.connect().then(() => true, () => false));
      await errorOf(kv.delete("k"));
      const calls = [kv.put("k", "v"), kv.get("k")];
      for (const error of await Promise.all(calls.map(errorOf))) {
        ok(error instanceof KvConnectionError);
        strictEqual(error.outcome, "not_sent");
        match(error.message, /there is no connection to 127\.0\.0\.1:\d+ \(.+\)$/);
        ok(error.cause instanceof KvConnectionError);
      }
    }, { connectTimeout: 80, connectMode: "manual" });
  });

  it("offlineQueue bounds the calls that wait; those past it reject at once", async () => {
    let isUp = true;
    const script: Script = ([name], peer) => {
      if (!isUp) return peer.hangUp();
      if (name !== "DEL") return name === "GET" ? "$1\r\na\r\n" : undefined;
      isUp = false;
      peer.hangUp();
    };
    for (const offlineQueue of [0, 2]) {
      isUp = true;
      await withServer(script, async (kv) => {
        await errorOf(kv.delete("k"));
        const settled: number[] = [];
        const calls = [0, 1, 2, 3].map((i) =>
          kv.get("k").then(() => settled.push(i), () => settled.push(i))
        );
        await Promise.resolve();
        await Promise.resolve();
        deepStrictEqual(settled, [0, 1, 2, 3].slice(offlineQueue));
        isUp = true;
        await Promise.all(calls);
      }, { connectTimeout: 5_000, offlineQueue });
    }
  });

  it("reconnect false: calls reject until connect()", async () => {
    const script: Script = ([name], peer) => {
      if (name === "DEL") return peer.hangUp();
      return name === "GET" ? "$1\r\na\r\n" : undefined;
    };
    await withServer(script, async (kv, server) => {
      const lost = await errorOf(kv.delete("k"));
      ok(lost instanceof KvConnectionError && lost.outcome === "unknown");
      const error = await errorOf(kv.get("k"));
      ok(error instanceof KvConnectionError && error.outcome === "not_sent");
      strictEqual(server.peers.length, 1);
      await kv.connect();
      strictEqual(await kv.get("k"), "a");
    }, LATER);
  });

  it("close() while there is none rejects the calls that wait", async () => {
    let isUp = true;
    const script: Script = ([name], peer) => {
      if (!isUp) return peer.hangUp();
      isUp = name !== "DEL";
      if (!isUp) peer.hangUp();
    };
    await withServer(script, async (kv) => {
      await errorOf(kv.delete("k"));
      const call = errorOf(kv.get("k"));
      await kv.close();
      strictEqual((await call).code, "closed");
    });
  });

  it("a server that is not there: openKv rejects, and names the place", async () => {
    let port = 0;
    {
      await using server = await startScripted(() => {});
      port = server.port;
    }
    const error = await errorOf(openKv({ backend: "valkey", port, password: "s3cret" }));
    ok(error instanceof KvConnectionError);
    ok(error.message.startsWith(`Cannot connect to 127.0.0.1:${port}: `));
    ok(!error.message.includes("s3cret"));
  });
});
