/**
 * What the surroundings of a test run allow: variables, and under Deno permissions.
 */

interface DenoGlobal {
  readonly permissions: {
    querySync(descriptor: { name: string; variable?: string }): { state: string };
  };
}

const deno = (globalThis as { Deno?: DenoGlobal }).Deno;

/** Whether the run may do this: always, except under Deno without the permission. */
export function isAllowed(name: "run" | "read" | "env" | "ffi"): boolean {
  return deno === undefined || deno.permissions.querySync({ name }).state === "granted";
}

/** A variable of the environment; `undefined` where it is not set or may not be read. */
export function environment(variable: string): string | undefined {
  if (deno !== undefined) {
    const { state } = deno.permissions.querySync({ name: "env", variable });
    if (state !== "granted") return undefined;
  }
  const { process } = globalThis as { process?: { env: Record<string, string | undefined> } };
  return process?.env[variable];
}

/** A number out of a variable of the environment, where that is set and may be read. */
export function numberFromEnvironment(variable: string, otherwise: number): number {
  const text = environment(variable);
  return text === undefined ? otherwise : Number(text);
}
