import { assertEquals } from "@std/assert";
import { walk } from "@std/fs/walk";

const COLUMNS_MAX = 100;
const SOURCE_LINES_MAX = 400;
const NAMES_OF_NOTHING = /^(utils?|helpers?|common|misc|index|manager)\.ts$/;

const root = new URL("../../", import.meta.url).pathname;
const { state } = await Deno.permissions.query({ name: "read", path: root });

/**
 * Files past the limit that are still one thing: `kv.ts` is the documents of one interface.
 */
const LONG_FILES = ["kv/kv.ts"];

Deno.test({
  name: "the source keeps to the house's lines, names and sizes" +
    (state === "granted" ? "" : " (ignored: it needs --allow-read)"),
  ignore: state !== "granted",
  async fn() {
    const faults: string[] = [];
    for await (const { path } of walk(root, { exts: [".ts"], skip: [/node_modules/] })) {
      const name = path.replace(root, "");
      const text = await Deno.readTextFile(path);
      const lines = text.split("\n");
      lines.forEach((line, i) => {
        if ([...line].length > COLUMNS_MAX) faults.push(`${name}:${i + 1} is too long`);
      });
      if (!areSorted(importsOf(text))) faults.push(`${name} has imports out of order`);
      if (NAMES_OF_NOTHING.test(name.split("/").at(-1)!)) faults.push(`${name} names no thing`);
      const isSource = /^(adapters|backends|cli|internal|kv|resp3|transfer)\//.test(name);
      if (isSource && lines.length > SOURCE_LINES_MAX && !LONG_FILES.includes(name)) {
        faults.push(`${name} has ${lines.length} lines`);
      }
    }
    assertEquals(faults, []);
  },
});

/** The files of the project that a file imports, in its order. */
function importsOf(text: string): string[] {
  return [...text.matchAll(/^import\b[^;"]*"(\.[^"]+)";$/gm)].map(([, file]) => file!);
}

/** Tells whether files stand in the order of their folders, the outer ones first, and names. */
function areSorted(files: readonly string[]): boolean {
  const depth = (file: string): number => file.split("../").length;
  return files.every((file, i) => {
    const before = files[i - 1] ?? file;
    return depth(before) > depth(file) || (depth(before) === depth(file) && before <= file);
  });
}
