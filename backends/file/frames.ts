/**
 * Memory for pages: frames of a page each, in slabs of 1 MiB, so that memory grows as it is used,
 * and a field is read by one `DataView` for 256 pages. A frame is a whole number.
 */

import { assert } from "../../internal/assert.ts";
import { PAGE_BYTES } from "./layout.ts";

/** The frames of a slab; below, bits of a frame's number say where it is. */
export const SLAB_FRAMES = 256;
const PAGE_SHIFT = 12;
assert(1 << PAGE_SHIFT === PAGE_BYTES && SLAB_FRAMES === 1 << 8);

/** Frames, and the fields of what is in them. */
export class Frames {
  readonly #slabs: Uint8Array<ArrayBuffer>[] = [];
  readonly #views: DataView[] = [];

  /** How many frames there are. */
  get frameCount(): number {
    return this.#slabs.length * SLAB_FRAMES;
  }

  /** The memory in which a frame lies, and where it begins there. */
  slab(frame: number): Uint8Array<ArrayBuffer> {
    return this.#slabs[frame >>> 8]!;
  }

  /** The same memory, for reading numbers. */
  view(frame: number): DataView {
    return this.#views[frame >>> 8]!;
  }

  /** Where in its slab a frame begins. */
  start(frame: number): number {
    return (frame & 255) << PAGE_SHIFT;
  }

  /** Reads a number from a frame, as those below do. */
  u8(frame: number, at: number): number {
    return this.#slabs[frame >>> 8]![((frame & 255) << PAGE_SHIFT) | at]!;
  }

  /** Reads a number from a frame. */
  u16(frame: number, at: number): number {
    return this.#views[frame >>> 8]!.getUint16(((frame & 255) << PAGE_SHIFT) | at, true);
  }

  /** Reads a number from a frame. */
  u32(frame: number, at: number): number {
    return this.#views[frame >>> 8]!.getUint32(((frame & 255) << PAGE_SHIFT) | at, true);
  }

  /** Reads a number from a frame. */
  f64(frame: number, at: number): number {
    return this.#views[frame >>> 8]!.getFloat64(((frame & 255) << PAGE_SHIFT) | at, true);
  }

  /** Writes a number into a frame, as those below do; the journal must be told. */
  setU8(frame: number, at: number, value: number): void {
    this.#slabs[frame >>> 8]![((frame & 255) << PAGE_SHIFT) | at] = value;
  }

  /** Writes a number into a frame; the journal must be told. */
  setU16(frame: number, at: number, value: number): void {
    this.#views[frame >>> 8]!.setUint16(((frame & 255) << PAGE_SHIFT) | at, value, true);
  }

  /** Writes a number into a frame; the journal must be told. */
  setU32(frame: number, at: number, value: number): void {
    this.#views[frame >>> 8]!.setUint32(((frame & 255) << PAGE_SHIFT) | at, value, true);
  }

  /** Writes a number into a frame; the journal must be told. */
  setF64(frame: number, at: number, value: number): void {
    this.#views[frame >>> 8]!.setFloat64(((frame & 255) << PAGE_SHIFT) | at, value, true);
  }

  /** Writes bytes into a frame; the journal must be told. */
  setBytes(frame: number, at: number, source: Uint8Array, from: number, to: number): void {
    this.slab(frame).set(source.subarray(from, to), this.start(frame) + at);
  }

  /** Fills a frame with zeros. */
  zero(frame: number): void {
    const start = this.start(frame);
    this.slab(frame).fill(0, start, start + PAGE_BYTES);
  }

  /** Copies what is in a frame to `at` of other memory. */
  copy(frame: number, into: Uint8Array, at: number): void {
    const start = this.start(frame);
    into.set(this.slab(frame).subarray(start, start + PAGE_BYTES), at);
  }

  /** Adds the frames of a slab, all zeros. */
  protected addSlab(): void {
    const slab = new Uint8Array(SLAB_FRAMES * PAGE_BYTES);
    this.#slabs.push(slab);
    this.#views.push(new DataView(slab.buffer));
  }

  /** Lets the frames from `frameCount` on go, which is that of whole slabs. */
  protected cutSlabs(frameCount: number): void {
    this.#slabs.length = this.#views.length = frameCount / SLAB_FRAMES;
  }
}
