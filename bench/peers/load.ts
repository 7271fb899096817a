/**
 * Loads peers from `bench/peers/npm`, by the resolution that Deno, Bun and Node share.
 *
 * The peers have a manifest of their own there, so that none of them is ever a dependency of this
 * package. A plain import of one would have to be resolved by the root's configuration, and would
 * keep a checkout without them from being checked.
 */

import { createRequire } from "node:module";

const require = createRequire(new URL("./npm/package.json", import.meta.url));

/**
 * Loads a module of a peer, typed by the few members that its adapter uses.
 *
 * @throws {Error} If it is not installed, or has no code for this runtime.
 */
export function loadPeer<T>(name: string): T {
  try {
    return require(name) as T;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split("\n")[0] : String(cause);
    throw new Error(
      `Cannot load ${name} (npm install in bench/peers/npm brings it): ${reason}`,
      { cause },
    );
  }
}
