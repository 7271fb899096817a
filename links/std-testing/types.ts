import { assert, type IsExact } from "conditional-type-checks";

export type { IsExact };

export function assertType<T extends boolean>(expectTrue: T): void {
  assert<T>(expectTrue);
}
