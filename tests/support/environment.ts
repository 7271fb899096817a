/**
 * What a test may ask of its surroundings, and what it does without where that is not permitted.
 */

import process from "node:process";

type Permission = { name: "env" | "read" | "run" | "ffi" };

interface DenoPermissions {
  permissions: { query(descriptor: Permission): Promise<{ state: string }> };
}

const { Deno: deno } = globalThis as { Deno?: DenoPermissions };

/** Tells whether something is permitted: all is where there are no permissions. */
export async function isPermitted(name: Permission["name"]): Promise<boolean> {
  return deno === undefined || (await deno.permissions.query({ name })).state === "granted";
}

/** Reads a number from an environment variable, where that is set and may be read. */
export async function numberFromEnvironment(name: string, otherwise: number): Promise<number> {
  if (!await isPermitted("env")) return otherwise;
  const text = process.env[name];
  return text === undefined ? otherwise : Number(text);
}
