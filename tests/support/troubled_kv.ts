/**
 * Stores that something happens to: before a call, or from some call on.
 */

import type { Kv } from "../../kv/kv.ts";

/** A view of `kv` that calls `before` with the name of each method before it. */
export function beforeCall(kv: Kv, before: (name: string) => void): Kv {
  return new Proxy(kv, {
    get(kv, name) {
      const member: unknown = Reflect.get(kv, name);
      if (typeof member !== "function") return member;
      if (name === "withCodec") return (codec: never) => beforeCall(kv.withCodec(codec), before);
      const call = member.bind(kv) as (...args: unknown[]) => unknown;
      return (...args: unknown[]): unknown => {
        try {
          before(String(name));
        } catch (error) {
          return name === "keys" ? failing(error) : Promise.reject(error);
        }
        return call(...args);
      };
    },
  });
}

/**
 * A view of `kv` that lets so many calls through and rejects each later one: what a program that
 * has ended leaves undone.
 */
export function failAtCall(kv: Kv, calls: number): Kv {
  let left = calls;
  return beforeCall(kv, () => {
    if (left-- <= 0) throw new Error("The program ends here");
  });
}

// deno-lint-ignore require-yield
async function* failing(error: unknown): AsyncGenerator<string, void> {
  await Promise.reject(error);
}
