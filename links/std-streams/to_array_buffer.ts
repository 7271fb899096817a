// @ts-types="./to_array_buffer.d.ts"
export { toArrayBuffer } from "deno-std/streams/to_array_buffer.js";
