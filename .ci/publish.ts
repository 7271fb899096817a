/**
 * Publishes the package to JSR from a copy of the checkout; `--dry-run` only checks that it could.
 *
 * The command line tool imports `@std/*` from JSR, and `links/` stands in for it where JSR cannot
 * be reached. `deno publish` takes a link inside the package for a part of the package, which it is
 * not: so the copy comes without. A dry run, which may be offline, finds the links where they are.
 *
 *     deno run -P=test .ci/publish.ts --dry-run
 */

import { dirname, join } from "node:path";

const root = new URL("../", import.meta.url).pathname;
const isDryRun = Deno.args.includes("--dry-run");
const copy = await Deno.makeTempDir({ prefix: "jetkv-publish-" });
try {
  for (const file of await trackedFiles()) {
    if (file.startsWith("links/")) continue;
    await Deno.mkdir(dirname(join(copy, file)), { recursive: true });
    await Deno.copyFile(join(root, file), join(copy, file));
  }
  const config = JSON.parse(await Deno.readTextFile(join(root, "deno.json"))) as {
    links: string[];
  };
  config.links = isDryRun ? config.links.map((link) => join(root, link)) : [];
  await Deno.writeTextFile(join(copy, "deno.json"), JSON.stringify(config, null, 2));
  const args = ["publish", "--allow-dirty", ...Deno.args];
  const { code } = await new Deno.Command(Deno.execPath(), { args, cwd: copy }).spawn().status;
  Deno.exitCode = code;
} finally {
  await Deno.remove(copy, { recursive: true });
}

/** What git has, and what it would add. */
async function trackedFiles(): Promise<string[]> {
  const args = ["ls-files", "--cached", "--others", "--exclude-standard", "-z"];
  const { success, stdout } = await new Deno.Command("git", { args, cwd: root }).output();
  if (!success) throw new Error("Cannot publish: this is not a checkout of git");
  return new TextDecoder().decode(stdout).split("\0").filter((file) => file !== "");
}
