/**
 * A proxy that cuts the connections through it at random bytes, in either direction: before, inside
 * and after requests and replies. What it cuts is drawn from a seed.
 */

import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import type { Prng } from "./prng.ts";

/** The proxy, listening. */
export interface FaultProxy extends AsyncDisposable {
  readonly port: number;
  /** Connections that were cut so far. */
  readonly cutCount: number;
  /** Cuts no more. */
  stopCutting(): void;
}

/** Starts a proxy to a server on 127.0.0.1. A connection passes so many bytes at most. */
export async function startFaultProxy(
  { port, prng, bytesMax }: { port: number; prng: Prng; bytesMax: number },
): Promise<FaultProxy> {
  const sockets = new Set<Socket>();
  let isCutting = true;
  let cutCount = 0;

  const server = createServer({ noDelay: true }, (near) => {
    const far = connect({ host: "127.0.0.1", port, noDelay: true });
    const end = (): void => {
      near.destroy();
      far.destroy();
    };
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        sockets.delete(socket);
        end();
      });
    }
    pass(near, far, end);
    pass(far, near, end);
  });

  /** Passes bytes on until this direction's share is used up, and then the last few not. */
  function pass(from: Socket, to: Socket, end: () => void): void {
    // Some in the first bytes, where the greetings are.
    let left = prng.below(prng.chance(0.1) ? 100 : bytesMax);
    from.on("data", (chunk: Uint8Array) => {
      if (!isCutting || chunk.length <= left) {
        left -= chunk.length;
        to.write(chunk);
        return;
      }
      cutCount++;
      // What was sent before the cut arrives in one case, and is lost with it in the other.
      if (prng.chance(0.5)) to.write(chunk.subarray(0, left), () => end());
      else end();
    });
  }

  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as { port: number }).port,
    get cutCount() {
      return cutCount;
    },
    stopCutting: () => void (isCutting = false),
    async [Symbol.asyncDispose](): Promise<void> {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
