/**
 * The demo as a program: what someone sees who runs it for the first time.
 */

import { assertEquals, assertMatch } from "@std/assert";

const { state } = await Deno.permissions.query({ name: "run" });
const ignore = state !== "granted";

async function demo(...words: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const args = ["run", "--quiet", "-P=demo", "examples/demo.ts", ...words];
  const cwd = new URL("../../", import.meta.url).pathname;
  const ended = await new Deno.Command(Deno.execPath(), { args, cwd, stdin: "null" }).output();
  const decoder = new TextDecoder();
  const [stdout, stderr] = [ended.stdout, ended.stderr].map((bytes) => decoder.decode(bytes));
  return { code: ended.code, stdout: stdout!, stderr: stderr! };
}

Deno.test({
  name: `the demo tells about the files it is given${ignore ? " (it needs --allow-run)" : ""}`,
  ignore,
  async fn() {
    const { code, stdout } = await demo("memory:", "README.md", "LICENSE");
    assertEquals(code, 0);
    assertMatch(stdout, /^2 documents, 3 workers, on memory\n/);
    for (const file of ["LICENSE", "README.md"]) {
      const row = `${file} +\\d+ lines +\\d+ words +\\w+ +`;
      assertMatch(
        stdout,
        new RegExp(`First round[^]*${row}read [^]*Second round[^]*${row}cached `),
      );
    }
    assertMatch(stdout, /\nSessions: 3 at work, 0 after 300 idle ms\n/);
    assertMatch(stdout, /\nThe store: \d+ keys, \d+ bytes, 2 hits, 2 misses\n/);
  },
});

Deno.test({
  name: `the demo says that a URL comes before the files${ignore ? " (it needs --allow-run)" : ""}`,
  ignore,
  async fn() {
    const { code, stderr } = await demo("README.md");
    assertEquals(code, 1);
    assertMatch(stderr, /"README.md": the URL comes first, as in memory: README.md\nUsage: /);
  },
});
