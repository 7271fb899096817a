/** The bound of the memory bench: a bare `Map`. */

import type { Contender, Subject } from "../subject.ts";
import { ArrayQueue } from "./array_queue.ts";

class MapSubject implements Subject {
  readonly #strings = new Map<string, string>();
  readonly #arrays = new Map<string, ArrayQueue>();

  // deno-lint-ignore require-await -- the bound is an `async` function over a bare `Map`
  async get(key: string): Promise<string | undefined> {
    return this.#strings.get(key);
  }

  // deno-lint-ignore require-await -- as above
  async put(key: string, value: string): Promise<void> {
    this.#strings.set(key, value);
  }

  // deno-lint-ignore require-await -- as above
  async remove(key: string): Promise<boolean> {
    return this.#strings.delete(key);
  }

  // deno-lint-ignore require-await -- as above
  async append(key: string, value: string): Promise<number> {
    let queue = this.#arrays.get(key);
    if (queue === undefined) this.#arrays.set(key, queue = new ArrayQueue());
    return queue.push(value);
  }

  // deno-lint-ignore require-await -- as above
  async popFirst(key: string): Promise<string | null> {
    return this.#arrays.get(key)?.shift() ?? null;
  }

  async close(): Promise<void> {}
}

/** An `async` function over a bare `Map`. */
export const bareMap: Contender = {
  name: "Map",
  kind: "bound",
  settings: "async functions over a bare Map; arrays with a head index in a second Map",
  load: () => Promise.resolve(() => Promise.resolve(new MapSubject())),
};
