// @ts-types="./mod.d.ts"
export { assert, assertEquals, assertMatch } from "deno-std/assert/mod.js";
