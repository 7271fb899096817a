/**
 * Has all contenders do the same in turn, round after round, so that whatever slows the machine
 * down for a while slows all of them down.
 *
 * Each contender has a process of its own for the whole bench, in which it waits for its turns (see
 * `turns.ts`). In one process they would disturb one another: a compiler that has met several of
 * them throws away and makes anew at each turn what it compiled for one, and each would pay for the
 * garbage of the others.
 */

import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { createInterface, type Interface } from "node:readline";
import { fileURLToPath } from "node:url";
import { V8_FLAGS } from "./garbage.ts";
import type { Sample } from "./measure.ts";
import type { Place } from "./place.ts";
import { runtime } from "./results.ts";
import type { Contender } from "./subject.ts";
import { type Answer, CONTENDER_OPTION, type Row, type Turn } from "./turns.ts";

/** A contender without its code. */
export type Named = Omit<Contender<unknown>, "load">;

/** All runs of one row by one contender. */
export interface Series extends Row {
  readonly contender: Named;
  readonly samples: Sample[];
}

/** What to play. */
export interface Plan {
  /** The module of the bench, which the processes of the contenders run. */
  readonly module: string;
  /** Further arguments of these processes. */
  readonly args?: readonly string[];
  readonly contenders: readonly Named[];
  readonly rounds: number;
  /** How many passes the bench has; each is played by all contenders in turn. */
  readonly passCount: number;
  /** Makes an empty place for a store. */
  readonly place: () => Place;
}

/** Plays all rounds. */
export async function playRounds(plan: Plan): Promise<Series[]> {
  const players = await enter(plan);
  const all = new Map<string, Series>();
  try {
    for (let round = 0; round < plan.rounds; round++) {
      for (let pass = 0; pass < plan.passCount; pass++) {
        for (const player of rotated(players, round)) {
          for (const { sample, ...row } of await player.play(pass, plan.place)) {
            seriesOf(all, { ...row, contender: player.contender }).push(sample);
          }
        }
      }
    }
  } finally {
    for (const player of players) player.stop();
  }
  return [...all.values()];
}

/** Starts the contenders, and says which ones cannot be had and why. */
async function enter({ module, args = [], contenders }: Plan): Promise<Player[]> {
  const players: Player[] = [];
  for (const contender of contenders) {
    const player = new Player(contender, [fileURLToPath(module), ...args]);
    const { failed } = await player.answer();
    if (failed === undefined) {
      console.log(`${contender.name}: ${contender.settings}`);
      players.push(player);
    } else {
      console.log(`skipped: ${contender.name}: ${failed}`);
      player.stop();
    }
  }
  console.log();
  return players;
}

/** A pass takes seconds; to fill stores of growing sizes takes the slowest a few minutes. */
const ANSWER_MS_MAX = 300_000;

/** A contender in its process. */
class Player {
  readonly contender: Named;
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  #hasEnded = false;

  constructor(contender: Named, script: readonly string[]) {
    this.contender = contender;
    const options = runtime().name === "deno" ? ["run", "-A", "--unstable-kv", V8_FLAGS] : [];
    const own = [...process.argv.slice(2), `${CONTENDER_OPTION}${contender.name}`];
    const args = [...options, ...script, ...own];
    this.#child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
    const lines: Interface = createInterface({ input: this.#child.stdout! });
    this.#lines = lines[Symbol.asyncIterator]();
  }

  /** The next answer of the process. One that stays silent is ended: it would hold up the bench. */
  async answer(): Promise<Answer> {
    const timer = setTimeout(() => this.stop(), ANSWER_MS_MAX);
    try {
      return await this.#nextAnswer();
    } finally {
      clearTimeout(timer);
    }
  }

  /** Plays one pass. Where a peer fails, the bench says so and goes on without its figures. */
  async play(
    pass: number,
    makePlace: () => Place,
  ): Promise<readonly (Row & { sample: Sample })[]> {
    if (this.#hasEnded) return [];
    const warmUpPlace = makePlace();
    const place = makePlace();
    const turn: Turn = { pass, warmUpPlace: warmUpPlace.path, place: place.path };
    this.#child.stdin!.write(`${JSON.stringify(turn)}\n`);
    const { rows = [], failed } = await this.answer();
    warmUpPlace.remove();
    place.remove();
    if (failed !== undefined) {
      const message = `failed: ${this.contender.name}: ${failed}`;
      if (this.contender.kind !== "peer") throw new Error(message);
      console.log(message);
    }
    return rows;
  }

  stop(): void {
    this.#child.kill("SIGKILL");
  }

  async #nextAnswer(): Promise<Answer> {
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done === true) {
        this.#hasEnded = true;
        return { failed: "its process ended, or stayed silent for minutes" };
      }
      // What is no answer is something that the contender's own code prints.
      if (value.startsWith("{")) return JSON.parse(value) as Answer;
      console.log(`${this.contender.name} prints: ${value}`);
    }
  }
}

function seriesOf(all: Map<string, Series>, head: Omit<Series, "samples">): Sample[] {
  const key = `${head.contender.name}/${head.row}/${head.inFlight}`;
  let series = all.get(key);
  if (series === undefined) all.set(key, series = { ...head, samples: [] });
  return series.samples;
}

/** Each round begins with another contender: none always runs after the same one. */
function rotated<T>(items: readonly T[], by: number): T[] {
  const at = by % items.length;
  return [...items.slice(at), ...items.slice(0, at)];
}
