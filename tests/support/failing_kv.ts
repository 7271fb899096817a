/**
 * A store whose calls fail from some point on, as those of a program that ends would never be made.
 */

import type { Kv } from "../../kv/kv.ts";

/** A view of `kv` that lets so many calls through and rejects each later one. */
export function failAtCall(kv: Kv, calls: number): Kv {
  let left = calls;
  return view(kv);

  function view(target: Kv): Kv {
    return new Proxy(target, {
      get(kv, name) {
        const member: unknown = Reflect.get(kv, name);
        if (typeof member !== "function") return member;
        if (name === "withCodec") return (codec: never) => view(kv.withCodec(codec));
        const call = member.bind(kv) as (...args: unknown[]) => unknown;
        return (...args: unknown[]): unknown => {
          if (left-- > 0) return call(...args);
          return name === "keys" ? failing() : Promise.reject(new Error("The program ends here"));
        };
      },
    });
  }
}

// deno-lint-ignore require-yield
async function* failing(): AsyncGenerator<string, void> {
  await Promise.reject(new Error("The program ends here"));
}
