// @ts-types="./colors.d.ts"
export { bold, cyan, dim, green, red, setColorEnabled } from "deno-std/fmt/colors.js";
