/**
 * Makes the golden file of the format's version: `deno run -A tests/golden/make.ts`. To be run once
 * a version, and the outcome never changed.
 */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { gzipSync } from "node:zlib";
import { FORMAT_VERSION } from "../../backends/file/header.ts";
import { openKv } from "../../mod.ts";
import { fillGolden } from "../support/golden.ts";

const directory = mkdtempSync(`${tmpdir()}/jetkv-golden-`);
const path = `${directory}/golden.db`;
const kv = await openKv({ backend: "file", path });
await fillGolden(kv);
await kv.close();
const name = new URL(`./version_${FORMAT_VERSION}.db.gz`, import.meta.url);
writeFileSync(name, gzipSync(readFileSync(path), { level: 9 }));
rmSync(directory, { recursive: true });
