export interface ParseOptions {
  boolean?: readonly string[];
  string?: readonly string[];
  negatable?: readonly string[];
  alias?: Record<string, string>;
  unknown?: (arg: string, key?: string, value?: unknown) => unknown;
}

export interface Args {
  _: string[];
  [name: string]: unknown;
}

export declare function parseArgs(args: string[], options?: ParseOptions): Args;
