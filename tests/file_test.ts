/**
 * The file store keeps the contract, at either durability, and with hardly a page in its cache.
 */

import { conformance, inProcessConformance } from "./conformance/conformance.ts";
import { openFileSubject } from "./support/file_subject.ts";

conformance("file", () => openFileSubject());
inProcessConformance("file", () => openFileSubject());

conformance("file with durability power", () => openFileSubject({ durability: "power" }));
inProcessConformance("file with durability power", () => openFileSubject({ durability: "power" }));

const SMALL_CACHE_BYTES = 16 * 4096;

conformance("file with a small cache", () => openFileSubject({ cacheBytes: SMALL_CACHE_BYTES }));
