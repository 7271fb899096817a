/**
 * A disk in memory that writes down everything that happens to it, so that afterwards the power can
 * be said to have failed before any step.
 *
 * What a sync waited for is on the medium. Of what was written since, each sector of 512 bytes is
 * there, or is not, or is torn, at random. A later write to a sector never loses to an earlier one,
 * as on a real disk; apart from that any order may have been the disk's.
 */

import type { Storage } from "../../backends/file/storage.ts";
import type { Prng } from "./prng.ts";

const SECTOR_BYTES = 512;
const TORN_SHARE = 0.05;

/** What happened to a disk. A sync says how many entries before it are on the medium. */
type Entry =
  | { readonly kind: "write"; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: "truncate"; readonly size: number }
  | { readonly kind: "sync"; readonly count: number };

/** What is left of a disk. */
export interface Crash {
  /** How many entries of the log had happened. */
  readonly step: number;
  /**
   * Whether the power failed, or only the process ended: then the kernel keeps what was written.
   */
  readonly isPower: boolean;
  readonly image: Uint8Array<ArrayBuffer>;
}

/** How a disk fails. */
export interface CrashOptions {
  /** Say that syncs are done without doing them: a store on such a disk must be caught. */
  readonly forgetsSyncs?: boolean;
}

/** A disk in memory, with a log. */
export class CrashStorage implements Storage {
  readonly canRead = true;
  readonly log: Entry[] = [];
  readonly #forgetsSyncs: boolean;
  readonly #start: Uint8Array;
  #disk: Image;

  constructor(start: Uint8Array = new Uint8Array(), { forgetsSyncs = false }: CrashOptions = {}) {
    this.#start = start;
    this.#disk = new Image(start);
    this.#forgetsSyncs = forgetsSyncs;
  }

  /** What is on the disk now. */
  get image(): Uint8Array<ArrayBuffer> {
    return this.#disk.copy();
  }

  size(): number {
    return this.#disk.size;
  }

  read(at: number, into: Uint8Array): number {
    return this.#disk.read(at, into);
  }

  write(at: number, bytes: Uint8Array): void {
    this.#do({ kind: "write", at, bytes: new Uint8Array(bytes) });
  }

  append(at: number, bytes: Uint8Array): void {
    this.write(at, bytes);
  }

  async sync(): Promise<void> {
    const count = this.log.length;
    await Promise.resolve();
    if (!this.#forgetsSyncs) this.log.push({ kind: "sync", count });
  }

  syncNow(): void {
    if (!this.#forgetsSyncs) this.log.push({ kind: "sync", count: this.log.length });
  }

  truncate(size: number): void {
    this.#do({ kind: "truncate", size });
  }

  close(): void {}

  /**
   * Ends the story before each step, or a share of them, by power and by a killed process.
   *
   * @param from The first step that is tried.
   */
  *crashes(prng: Prng, share = 1, from = 0): Generator<Crash> {
    const medium = new Image(this.#start);
    const kernel = new Image(this.#start);
    let synced = 0;
    for (let step = 0; step <= this.log.length; step++) {
      const last = this.log[step - 1];
      if (last?.kind === "sync") {
        for (; synced < last.count; synced++) medium.apply(this.log[synced]!);
      } else if (last !== undefined) {
        kernel.apply(last);
      }
      if (step < from || !prng.chance(share)) continue;
      yield { step, isPower: false, image: kernel.copy() };
      const left = new Image(medium.copy());
      const kept = prng.pick([0, 0.1, 0.5, 0.9, 1]);
      for (const entry of this.log.slice(synced, step)) applySome(left, entry, kept, prng);
      yield { step, isPower: true, image: left.copy() };
    }
  }

  /**
   * The disk as the next process finds it. After a power loss what is left is on the medium; after
   * a killed process what it has not synced may still be lost, and crashes from `step` on tell.
   */
  after({ step, isPower, image }: Crash): CrashStorage {
    if (isPower) return new CrashStorage(image);
    const next = new CrashStorage(this.#start);
    for (const entry of this.log.slice(0, step)) next.log.push(entry);
    next.#disk = new Image(image);
    return next;
  }

  #do(entry: Entry): void {
    this.log.push(entry);
    this.#disk.apply(entry);
  }
}

/** What a write throws where the disk is full. */
export function noSpace(): Error {
  return Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
}

/** Applies an entry sector by sector, each with a chance of `share`. */
function applySome(image: Image, entry: Entry, share: number, prng: Prng): void {
  if (entry.kind !== "write") {
    if (prng.chance(share)) image.apply(entry);
    return;
  }
  const { at, bytes } = entry;
  for (let from = 0; from < bytes.length;) {
    const to = Math.min(bytes.length, from + SECTOR_BYTES - (at + from) % SECTOR_BYTES);
    if (prng.chance(share)) {
      const end = prng.chance(TORN_SHARE) ? from + prng.below(to - from) : to;
      image.write(at + from, bytes.subarray(from, end));
    }
    from = to;
  }
}

/** Bytes of a disk. */
class Image {
  #bytes: Uint8Array<ArrayBuffer>;
  size: number;

  constructor(bytes: Uint8Array) {
    this.#bytes = new Uint8Array(bytes);
    this.size = bytes.length;
  }

  copy(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.size);
  }

  read(at: number, into: Uint8Array): number {
    const bytes = this.#bytes.subarray(at, Math.min(this.size, at + into.length));
    into.set(bytes);
    return bytes.length;
  }

  apply(entry: Entry): void {
    if (entry.kind === "write") this.write(entry.at, entry.bytes);
    else if (entry.kind === "truncate") this.#truncate(entry.size);
  }

  write(at: number, bytes: Uint8Array): void {
    const end = at + bytes.length;
    if (end > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(end, this.#bytes.length * 2));
      grown.set(this.#bytes.subarray(0, this.size));
      this.#bytes = grown;
    }
    this.#bytes.set(bytes, at);
    if (bytes.length > 0) this.size = Math.max(this.size, end);
  }

  #truncate(size: number): void {
    this.#bytes.fill(0, size);
    this.size = Math.min(this.size, size);
  }
}
