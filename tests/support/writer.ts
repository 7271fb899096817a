/**
 * A process that writes to a file store until it is killed, and tells what was acknowledged: a line
 * with the number of each call.
 *
 *     writer.ts PATH write    puts and appends, eight calls in flight
 *     writer.ts PATH hold     opens the store and only holds it
 *     writer.ts PATH try      opens the store and closes it
 */

import { writeSync } from "node:fs";
import process from "node:process";
import { openKv } from "../../mod.ts";

const IN_FLIGHT = 8;

const [path, command] = process.argv.slice(2) as [string, string];

try {
  const kv = await openKv({ backend: "file", path });
  say("open");
  if (command === "try") await kv.close();
  else if (command === "write") {
    let next = await kv.length("list");
    const write = async (): Promise<void> => {
      for (;;) {
        const number = next++;
        await Promise.all([
          kv.put(`key ${number}`, `value ${number}`),
          kv.append("list", `${number}`),
        ]);
        say(`${number}`);
      }
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, write));
  } else setInterval(() => {}, 1_000_000);
} catch (error) {
  say(`${(error as Error).name}: ${(error as Error).message}`);
  process.exit(1);
}

function say(line: string): void {
  writeSync(1, `${line}\n`);
}
