/**
 * A Valkey server for the bench alone: from the PATH, on a free port of this machine, without
 * persistence, in a directory that goes with it.
 */

import { spawn } from "node:child_process";
import { createConnection, createServer } from "node:net";
import { temporaryPlace } from "./place.ts";

/** A running server. */
export interface Server {
  readonly port: number;
  stop(): Promise<void>;
}

const START_MS_MAX = 5000;

/**
 * Starts a server.
 *
 * @throws {Error} If there is no `valkey-server` on the PATH, or it does not come up.
 */
export async function startServer(): Promise<Server> {
  const port = await freePort();
  const place = temporaryPlace();
  const args = ["--port", `${port}`, "--bind", "127.0.0.1", "--dir", place.path];
  const child = spawn("valkey-server", [...args, "--save", "", "--appendonly", "no"], {
    stdio: "ignore",
  });
  const ended = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => resolve());
  });
  const stop = async (): Promise<void> => {
    child.kill();
    await ended;
    place.remove();
  };
  const deadline = performance.now() + START_MS_MAX;
  while (!await answers(port)) {
    if (child.pid === undefined || performance.now() > deadline) {
      await stop();
      throw new Error("Cannot start valkey-server: it must be on the PATH");
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return { port, stop };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, "127.0.0.1");
    const settle = (answered: boolean): void => {
      socket.destroy();
      resolve(answered);
    };
    socket.once("error", () => settle(false));
    socket.once("data", () => settle(true));
    socket.write("PING\r\n");
  });
}
