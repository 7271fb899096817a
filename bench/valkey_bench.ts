/**
 * The Valkey store beside the clients a user would pick instead, and beside what no client can
 * pass: a bare socket, and the server's own load generator.
 *
 * `deno bench -A bench/valkey_bench.ts`, or `bun bench/valkey_bench.ts`; with `--smoke` (after `--`
 * for `deno bench`) on inputs so small that only the answers count. Needs `valkey-server` on the
 * PATH; it starts one of its own.
 */

import process from "node:process";
import { bareSocket } from "./peers/bare_socket.ts";
import { bunRedis } from "./peers/bun_redis.ts";
import { dbRedis } from "./peers/db_redis.ts";
import { ioredis, ioredisAuto, iovalkey, iovalkeyAuto } from "./peers/ioredis.ts";
import { jetkvValkey } from "./peers/jetkv_valkey.ts";
import { nodeRedis2, nodeRedis3 } from "./peers/node_redis.ts";
import { valkeyBenchmark } from "./peers/valkey_benchmark.ts";
import { valkeyGlide } from "./peers/valkey_glide.ts";
import { printMachine, seriesData, settingsOf, writeResults } from "./results.ts";
import { enter, playRounds } from "./rounds.ts";
import type { Contender } from "./subject.ts";
import { printSeries } from "./tables.ts";
import {
  fillServer,
  type ValkeyBound,
  valkeyPass,
  valkeyRows,
  type ValkeySubject,
} from "./valkey_pass.ts";
import { startServer } from "./valkey_server.ts";

const smoke = process.argv.includes("--smoke");

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
  valkeyBenchmark,
];
const rounds = smoke ? 1 : 7;
const rows = valkeyRows(smoke ? 100 : 1);

console.log("Valkey clients: 16-byte keys and values unless said");
printMachine();
const server = await startServer();
try {
  const place = () => ({ path: `${server.port}`, remove: () => {} });
  const filler = await (await jetkvValkey.load())(place().path);
  await fillServer(filler);
  await filler.close();
  const series = await playRounds(await enter(contenders), {
    rounds,
    passes: rows.map((row) => valkeyPass([row])),
    warmUps: [valkeyPass(valkeyRows(10))],
    place,
  });
  if (smoke) console.log("All answers are right; inputs this small give no figures\n");
  else {
    printSeries(series);
    const settings = settingsOf(contenders);
    writeResults("valkey", { rounds, settings, series: seriesData(series) });
  }
} finally {
  await server.stop();
}
