/**
 * Runs every check of the project and sums up what passed.
 *
 * A check passes or fails as a whole; the tests count one by one, by the summary lines of their
 * runners. The last line is `N passed, N failed`.
 */

import config from "../deno.json" with { type: "json" };

const ENTRY_POINTS = Object.values(config.exports);
const CHECKED = [...ENTRY_POINTS, "bench/", "tests/", "examples/", ".ci/", "links/"];

const CHECKS: Record<string, string[]> = {
  "the format is the house's": ["fmt", "--check", "--quiet"],
  "the linter is content": ["lint", "--quiet"],
  "the types are right": ["check", "--quiet", ...CHECKED],
  "every public symbol is documented": ["doc", "--lint", "--quiet", ...ENTRY_POINTS],
  "the snippets of the documents run": [
    "test",
    "--doc",
    "--quiet",
    "-P=test",
    "--permit-no-files",
    ...ENTRY_POINTS,
    "kv/",
    "README.md",
    "docs/",
  ],
  "the package can be published": ["publish", "--dry-run", "--allow-dirty", "--quiet"],
};

/** Played on inputs so small that only the answers count; by then the tests have found a Valkey. */
const BENCHES = ["memory", "file", "growth", "latency", "valkey"];

/** The summary of `deno test`, and the two lines of `bun test`. */
const DENO_SUMMARY = /(\d+) passed(?: \((\d+) steps?\))? \| (\d+) failed(?: \((\d+) steps?\))?/g;
const BUN_SUMMARY = /^ *(\d+) (pass|fail)$/gm;
/** A test that failed, and why, in the words of both. */
const FAILURE = /^(?:.*\.{3} FAILED|\(fail\)|error: |AssertionError).*$/gm;

let passed = 0;
let failed = 0;

if (Deno.args.length > 0) {
  console.log("deno task ok: runs every check of the project. It takes no arguments.");
  Deno.exit(Deno.args[0] === "--help" ? 0 : 2);
}

for (const [name, args] of Object.entries(CHECKS)) await check(name, args);

const tests = await run(["task", "--quiet", "test"]);
console.log(tests.output);
const counted = countTests(tests.output);
passed += counted.passed;
failed += counted.failed;
if (!tests.success && counted.failed === 0) failed++;
if (counted.passed === 0) {
  failed++;
  console.log("FAIL no test was run");
}

for (const name of BENCHES) {
  const bench = `bench/${name}_bench.ts`;
  const args = ["run", "-P=bench", "--unstable-kv", bench, "--smoke"];
  await check(`the ${name} bench gives right answers`, args);
}

if (counted.failed > 0) {
  console.log("\nAgain, of all that the tests printed, what failed:");
  console.log((tests.output.match(FAILURE) ?? []).join("\n"));
}
console.log(`${passed} passed, ${failed} failed`);
if (failed > 0) Deno.exit(1);

async function check(name: string, args: string[]): Promise<void> {
  const { success, output } = await run(args);
  console.log(`${success ? "ok  " : "FAIL"} ${name}: deno ${args.join(" ")}`);
  if (success) passed++;
  else {
    failed++;
    console.log(output);
  }
}

async function run(args: string[]): Promise<{ success: boolean; output: string }> {
  const command = new Deno.Command(Deno.execPath(), {
    args,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
  const { success, stdout, stderr } = await command.output();
  const decoder = new TextDecoder();
  return { success, output: decoder.decode(stdout) + decoder.decode(stderr) };
}

function countTests(output: string): { passed: number; failed: number } {
  const sums = { passed: 0, failed: 0 };
  for (const [, tests, steps, failures, failedSteps] of output.matchAll(DENO_SUMMARY)) {
    sums.passed += Number(tests) + Number(steps ?? 0);
    sums.failed += Number(failures) + Number(failedSteps ?? 0);
  }
  for (const [, count, kind] of output.matchAll(BUN_SUMMARY)) {
    if (kind === "pass") sums.passed += Number(count);
    else sums.failed += Number(count);
  }
  return sums;
}
