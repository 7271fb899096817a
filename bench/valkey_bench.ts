/**
 * The Valkey store beside the clients a user would pick instead, and beside what no client can
 * pass: a bare socket, and the server's own load generator.
 *
 * `deno bench -A bench/valkey_bench.ts`, or `bun bench/valkey_bench.ts`; with `--smoke` (after `--`
 * for `deno bench`) on inputs so small that only the answers count. Needs `valkey-server` on the
 * PATH; it starts one of its own.
 */

import { startValkey } from "../tests/support/valkey_server.ts";
import { figuresOf } from "./figures.ts";
import { isSmoke } from "./options.ts";
import { bareSocket, bareSocketInParts } from "./peers/bare_socket.ts";
import { bunRedis } from "./peers/bun_redis.ts";
import { dbRedis } from "./peers/db_redis.ts";
import { ioredis, ioredisAuto, iovalkey, iovalkeyAuto } from "./peers/ioredis.ts";
import { jetkvValkey } from "./peers/jetkv_valkey.ts";
import { nodeRedis2, nodeRedis3 } from "./peers/node_redis.ts";
import { valkeyBenchmark } from "./peers/valkey_benchmark.ts";
import { valkeyGlide } from "./peers/valkey_glide.ts";
import { printMachine, settingsOf, writeResults } from "./results.ts";
import { playRounds } from "./rounds.ts";
import type { Contender } from "./subject.ts";
import { speedTables } from "./tables.ts";
import { isContender, playTurns } from "./turns.ts";
import {
  fillServer,
  type ValkeyBound,
  valkeyRows,
  type ValkeySubject,
  warmValkeyPass,
} from "./valkey_pass.ts";

const smoke = isSmoke();

const contenders: Contender<ValkeySubject | ValkeyBound>[] = [
  jetkvValkey,
  bunRedis,
  iovalkeyAuto,
  iovalkey,
  ioredisAuto,
  ioredis,
  nodeRedis3,
  nodeRedis2,
  valkeyGlide,
  dbRedis,
  bareSocket,
  bareSocketInParts,
  valkeyBenchmark,
];
const rounds = smoke ? 1 : 15;
const passes = valkeyRows(smoke ? 100 : 1).map(warmValkeyPass);

if (isContender()) await playTurns(contenders, passes);
else await play();

async function play(): Promise<void> {
  console.log("Valkey clients: 16-byte keys and values unless said");
  printMachine();
  const server = await startValkey();
  try {
    const filler = await (await jetkvValkey.load())(`${server.port}`);
    await fillServer(filler);
    await filler.close();
    const series = await playRounds({
      module: import.meta.url,
      contenders,
      rounds,
      passCount: passes.length,
      place: () => ({ path: `${server.port}`, remove: () => {} }),
    });
    if (smoke) {
      console.log("All answers are right; inputs this small give no figures\n");
      return;
    }
    const figures = figuresOf(series);
    console.log(speedTables(figures));
    const title = `16-byte keys and values unless said, ${rounds} rounds`;
    const section = { title, settings: settingsOf(contenders), series: figures };
    writeResults("valkey", { sections: { "": section } });
  } finally {
    await server.stop();
  }
}
