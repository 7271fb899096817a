/**
 * File stores in real files and real processes: killed in mid-load, side by side, and where no
 * store can be.
 */

import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import process from "node:process";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { openKv } from "../mod.ts";
import { isAllowed } from "./support/environment.ts";
import { Prng } from "./support/prng.ts";
import type { Runtime } from "./support/processes.ts";

/** A limit on a hang. */
const timeout = 300_000;

/** By then who waits for a lock has opened the file; if not, the test shows less and holds. */
const OPENING_MS = 100;

const KILLS = 20;
const COPIES = 10;
const COPY_PAUSE_MS = 20;
/** Acknowledged calls of a child before it is killed: any number up to this. */
const ACKNOWLEDGED_MAX = 2_000;

const canRead = isAllowed("read");
const canRun = canRead && isAllowed("run") && isAllowed("env");
const needsRun = canRun ? false : "it needs --allow-read, --allow-run and --allow-env";

const { findRuntimes, makeDirectory, Writer } = canRun
  ? await import("./support/processes.ts")
  : {} as typeof import("./support/processes.ts");
const { own, other } = canRun ? findRuntimes() : { own: null, other: null };
const needsOther = needsRun ||
  (other === null ? "there is no second runtime on the PATH" : false);

const io = { name: "KvError", code: "io" };
const locked = { name: "KvLockedError", code: "locked" };

/** Opens what a killed process left, and looks for what it had acknowledged. */
async function examine(path: string, acknowledged: readonly string[]): Promise<number> {
  await using kv = await openKv({ backend: "file", path });
  deepStrictEqual(await kv.check(), []);
  const keys = acknowledged.map((number) => `key ${number}`);
  deepStrictEqual(await kv.getMany(keys), acknowledged.map((number) => `value ${number}`));
  const list = new Set(await kv.range("list"));
  strictEqual(list.size, await kv.length("list"));
  ok(acknowledged.every((number) => list.has(number)));
  return list.size;
}

async function isLockedOut(holder: Runtime): Promise<void> {
  using directory = makeDirectory();
  const path = `${directory.path}/a.db`;
  await using writer = new Writer(holder, path, "hold");
  await writer.heard(1);
  deepStrictEqual(writer.lines, ["open"]);
  await rejects(openKv({ backend: "file", path }), { ...locked, path });
  const abort = new AbortController();
  const waiting = openKv({ backend: "file", path, lock: "wait", signal: abort.signal });
  abort.abort(new Error("enough"));
  await rejects(waiting, /enough/);
  const patient = openKv({ backend: "file", path, lock: "wait" });
  await writer.kill();
  const kv = await patient;
  await using second = new Writer(holder, path, "try");
  await second.ended();
  deepStrictEqual(second.lines, [
    `KvLockedError: Cannot open "${path}": another store holds its lock; lock: "wait" waits for it`,
  ]);
  await kv.close();
}

describe("file of processes", () => {
  it(
    `keeps what was acknowledged when ${KILLS} processes are killed`,
    { skip: needsRun, timeout },
    async () => {
      using directory = makeDirectory();
      const path = `${directory.path}/a.db`;
      const prng = new Prng(1);
      const acknowledged: string[] = [];
      for (let kill = 0; kill < KILLS; kill++) {
        await using writer = new Writer(own!, path, "write");
        await writer.heard(1 + prng.below(ACKNOWLEDGED_MAX));
        await writer.kill();
        const [first, ...numbers] = writer.lines;
        strictEqual(first, "open");
        acknowledged.push(...numbers.filter((line) => /^\d+$/.test(line)));
        ok(await examine(path, acknowledged) >= acknowledged.length);
      }
    },
  );

  it(
    "is locked for a second process of the same runtime",
    { skip: needsRun, timeout },
    async () => {
      await isLockedOut(own!);
    },
  );

  it(
    "is whole in a copy made within a turn, in mid-load",
    { skip: needsRun, timeout },
    async () => {
      using directory = makeDirectory();
      const [path, copy] = [`${directory.path}/a.db`, `${directory.path}/copy.db`];
      await using kv = await openKv({ backend: "file", path });
      const acknowledged: string[] = [];
      let isOver = false;
      const work = async (worker: number): Promise<void> => {
        for (let i = 0; !isOver; i++) {
          const number = `${worker}:${i}`;
          await kv.put(`key ${number}`, `value ${number}`);
          await kv.append("list", number);
          acknowledged.push(number);
        }
      };
      const workers = [0, 1, 2, 3].map(work);
      for (let round = 0; round < COPIES; round++) {
        await delay(COPY_PAUSE_MS);
        copyFileSync(path, copy);
        await examine(copy, acknowledged.slice());
      }
      isOver = true;
      await Promise.all(workers);
    },
  );

  it("is locked for a process of another runtime", { skip: needsOther, timeout }, async () => {
    await isLockedOut(other!);
  });

  it("is locked for a second store of one process", { skip: needsRun, timeout }, async () => {
    using directory = makeDirectory();
    const path = `${directory.path}/a.db`;
    const kv = await openKv({ backend: "file", path });
    await rejects(openKv({ backend: "file", path }), locked);
    await kv.close();
    await (await openKv({ backend: "file", path })).close();
  });
});

describe("file that is replaced", () => {
  it(
    "is the new one for who waited for the old one's lock",
    { skip: needsRun, timeout },
    async () => {
      using directory = makeDirectory();
      const path = `${directory.path}/a.db`;
      const backup = `${directory.path}/backup.db`;
      const made = await openKv({ backend: "file", path: backup });
      await made.put("restored", "yes");
      await made.close();

      const old = await openKv({ backend: "file", path });
      const waiting = openKv({ backend: "file", path, lock: "wait" });
      await delay(OPENING_MS);
      renameSync(backup, path);
      await old.put("old", "yes");
      await old.close();
      const kv = await waiting;
      strictEqual(await kv.get("restored"), "yes");
      await kv.put("new", "yes");
      const alsoWaiting = openKv({ backend: "file", path, lock: "wait" });
      await delay(OPENING_MS);
      rmSync(path);
      await kv.close();
      await using empty = await alsoWaiting;
      strictEqual((await empty.stats()).entries, 0);
      ok(existsSync(path));
    },
  );

  it("is not made where the call was given up before", { skip: needsRun, timeout }, async () => {
    using directory = makeDirectory();
    const path = `${directory.path}/a.db`;
    await rejects(
      openKv({ backend: "file", path, signal: AbortSignal.abort(new Error("no")) }),
      /no/,
    );
    strictEqual(existsSync(path), false);
  });
});

describe("file by a relative path", () => {
  it(
    "is the same for who waits for its lock, whatever the program's directory is by then",
    { skip: needsRun, timeout },
    async () => {
      using directory = makeDirectory();
      const before = process.cwd();
      for (const name of ["one", "two"]) mkdirSync(`${directory.path}/${name}`);
      try {
        process.chdir(`${directory.path}/one`);
        const first = await openKv({ backend: "file", path: "a.db" });
        await first.put("here", "yes");
        const waiting = openKv({ backend: "file", path: "a.db", lock: "wait" });
        await delay(OPENING_MS);
        process.chdir(`${directory.path}/two`);
        await first.close();
        await using second = await waiting;
        strictEqual(await second.get("here"), "yes");
        strictEqual(existsSync("a.db"), false);
      } finally {
        process.chdir(before);
      }
    },
  );
});

describe("file where none can be", () => {
  it(
    "rejects with io where a pipe is, and leaves that alone",
    { skip: needsRun, timeout },
    async () => {
      using directory = makeDirectory();
      const path = `${directory.path}/pipe`;
      strictEqual(spawnSync("mkfifo", [path]).status, 0);
      await rejects(openKv({ backend: "file", path }), {
        ...io,
        message: `Cannot open "${path}": it is no regular file`,
      });
      ok(statSync(path).isFIFO());
    },
  );

  it("rejects with io where a directory is in the way", { skip: needsRun, timeout }, async () => {
    using directory = makeDirectory();
    const path = `${directory.path}/taken`;
    mkdirSync(path);
    const error = await openKv({ backend: "file", path }).catch((error) => error);
    deepStrictEqual([error.name, error.code], [io.name, io.code]);
    strictEqual(error.message.split("taken").length - 1, 1, error.message); // the path, once
  });

  it("rejects with io where its directory is missing", { skip: needsRun, timeout }, async () => {
    using directory = makeDirectory();
    await rejects(openKv({ backend: "file", path: `${directory.path}/missing/a.db` }), {
      ...io,
      message: /; its directory must be there$/,
    });
  });

  it(
    "rejects with corrupt where another file is, and leaves that alone",
    { skip: needsRun, timeout },
    async () => {
      using directory = makeDirectory();
      const path = `${directory.path}/a.txt`;
      writeFileSync(path, "Dear diary");
      await rejects(openKv({ backend: "file", path }), {
        name: "KvCorruptError",
        path,
        offset: 0,
      });
      strictEqual(statSync(path).size, 10);
      const kv = await openKv({ backend: "file", path, truncate: true });
      strictEqual(await kv.get("a"), null);
      await kv.close();
    },
  );
});
