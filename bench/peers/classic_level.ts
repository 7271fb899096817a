/** classic-level: LevelDB, which appends to a log and sorts in the background. */

import type { Contender, Subject } from "../subject.ts";
import { KeyedArrays } from "./keyed_arrays.ts";
import { loadPeer } from "./load.ts";

interface Level {
  open(): Promise<void>;
  get(key: string): Promise<string | undefined>;
  put(key: string, value: string, options: { sync: boolean }): Promise<void>;
  del(key: string, options: { sync: boolean }): Promise<void>;
  close(): Promise<void>;
}

interface LevelModule {
  ClassicLevel: new (path: string, options: Record<string, unknown>) => Level;
}

/** As much as JetKV's own cache of pages by default. */
const CACHE_BYTES = 64 * 2 ** 20;

class LevelSubject implements Subject {
  readonly #level: Level;
  readonly #options: { sync: boolean };
  readonly #arrays: KeyedArrays = new KeyedArrays(this);

  constructor(level: Level, sync: boolean) {
    this.#level = level;
    this.#options = { sync };
  }

  get(key: string): Promise<unknown> {
    return this.#level.get(key);
  }

  put(key: string, value: string): Promise<unknown> {
    return this.#level.put(key, value, this.#options);
  }

  remove(key: string): Promise<unknown> {
    return this.#level.del(key, this.#options);
  }

  append(key: string, value: string): Promise<unknown> {
    return this.#arrays.append(key, value);
  }

  popFirst(key: string): Promise<unknown> {
    return this.#arrays.popFirst(key);
  }

  close(): Promise<unknown> {
    return this.#level.close();
  }
}

function level(sync: boolean): Contender {
  return {
    name: "classic-level",
    kind: "peer",
    settings: `sync: ${sync}, cache of 64 MiB; arrays as numbered keys`,
    load() {
      const { ClassicLevel } = loadPeer<LevelModule>("classic-level");
      return Promise.resolve(async (place) => {
        const level = new ClassicLevel(`${place}/db`, {
          cacheSize: CACHE_BYTES,
        });
        await level.open();
        return new LevelSubject(level, sync);
      });
    },
  };
}

/** LevelDB that hands each write to the kernel. */
export const levelProcess: Contender = level(false);
/** LevelDB that syncs each write; writes that wait together share a sync. */
export const levelPower: Contender = level(true);
