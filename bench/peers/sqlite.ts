/**
 * SQLite as the runtimes bring it, `node:sqlite` or `bun:sqlite`, with prepared statements and a
 * write-ahead log. Each call is a transaction of its own, as it is without further code.
 *
 * In a write-ahead log `synchronous=NORMAL` writes at each commit and syncs at checkpoints: a
 * killed process loses nothing. `FULL` syncs at each commit.
 */

import { runtime } from "../results.ts";
import type { Contender, Subject } from "../subject.ts";
import { ElementNumbers } from "./keyed_arrays.ts";

interface Statement {
  get(
    ...values: (string | number)[]
  ): Record<string, unknown> | null | undefined;
  run(...values: (string | number)[]): unknown;
}

interface Database {
  exec(sql: string): unknown;
  prepare(sql: string): Statement;
  close(): void;
}

type DatabaseClass = new (path: string) => Database;

const TABLES = `
CREATE TABLE strings (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE arrays (
  key TEXT, number INTEGER, value TEXT NOT NULL, PRIMARY KEY (key, number)
) WITHOUT ROWID;`;

class SqliteSubject implements Subject {
  readonly #database: Database;
  readonly #numbers = new ElementNumbers();
  readonly #select: Statement;
  readonly #upsert: Statement;
  readonly #delete: Statement;
  readonly #append: Statement;
  readonly #take: Statement;

  constructor(database: Database, pragmas: readonly string[]) {
    this.#database = database;
    for (const pragma of pragmas) database.exec(`PRAGMA ${pragma}`);
    database.exec(TABLES);
    this.#select = database.prepare("SELECT value FROM strings WHERE key = ?");
    this.#upsert = database.prepare(
      "INSERT INTO strings VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
    );
    this.#delete = database.prepare("DELETE FROM strings WHERE key = ?");
    this.#append = database.prepare("INSERT INTO arrays VALUES (?, ?, ?)");
    this.#take = database.prepare(
      "DELETE FROM arrays WHERE key = ? AND number = ? RETURNING value",
    );
  }

  // deno-lint-ignore require-await -- as a program would put it behind an asynchronous interface
  async get(key: string): Promise<unknown> {
    return this.#select.get(key)?.value;
  }

  // deno-lint-ignore require-await -- as above
  async put(key: string, value: string): Promise<unknown> {
    return this.#upsert.run(key, value);
  }

  // deno-lint-ignore require-await -- as above
  async remove(key: string): Promise<unknown> {
    return this.#delete.run(key);
  }

  // deno-lint-ignore require-await -- as above
  async append(key: string, value: string): Promise<unknown> {
    return this.#append.run(key, this.#numbers.append(key), value);
  }

  // deno-lint-ignore require-await -- as above
  async popFirst(key: string): Promise<unknown> {
    const number = this.#numbers.popFirst(key);
    return number === null ? null : this.#take.get(key, number)?.value;
  }

  // deno-lint-ignore require-await -- as above
  async close(): Promise<void> {
    this.#database.close();
  }
}

async function databaseClass(): Promise<DatabaseClass> {
  // The names are variables so that no runtime looks for the other's module.
  const isBun = runtime().name === "bun";
  const module: string = isBun ? "bun:sqlite" : "node:sqlite";
  const classes = await import(module) as Record<string, DatabaseClass>;
  return classes[isBun ? "Database" : "DatabaseSync"] as DatabaseClass;
}

function sqlite(name: string, pragmas: readonly string[]): Contender {
  return {
    name: `${runtime().name === "bun" ? "bun" : "node"}:sqlite${name}`,
    kind: "peer",
    settings: `prepared statements, ${pragmas.join(", ")}; arrays as numbered rows`,
    async load() {
      const Database = await databaseClass();
      return (place) =>
        Promise.resolve(
          new SqliteSubject(new Database(`${place}/db`), pragmas),
        );
    },
  };
}

const WAL = "journal_mode=WAL";
const TUNED = [
  "cache_size=-65536",
  "mmap_size=1073741824",
  "wal_autocheckpoint=16000",
];

/** SQLite as a careful user sets it up. */
export const sqliteProcess: Contender = sqlite("", [WAL, "synchronous=NORMAL"]);
/** The same with a cache of 64 MiB, the file mapped, and fewer checkpoints. */
export const sqliteTuned: Contender = sqlite(" tuned", [
  WAL,
  "synchronous=NORMAL",
  ...TUNED,
]);
/** SQLite that syncs each commit. */
export const sqlitePower: Contender = sqlite("", [
  WAL,
  "synchronous=FULL",
  ...TUNED,
]);
