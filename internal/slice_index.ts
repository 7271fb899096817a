/** Turns an index as `Array#slice` takes it, from −`length` up, into one from 0 to `length`. */
export function sliceIndex(index: number, length: number): number {
  return index < 0 ? Math.max(index + length, 0) : Math.min(index, length);
}
