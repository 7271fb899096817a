import { KvError } from "../kv/errors.ts";

/** A dump is cut, damaged, or no dump at all. */
export class DumpError extends KvError {
  /** The class by name, which survives a minifier. */
  override readonly name = "DumpError";
  /** The line that is wrong, from 1. */
  readonly line: number;

  /**
   * Makes the error.
   *
   * @param line The line that is wrong, from 1.
   * @param found What is wrong with it, in a few words.
   */
  constructor(line: number, found: string) {
    super("corrupt", `Cannot read the dump at line ${line}: ${found}`);
    this.line = line;
  }
}
