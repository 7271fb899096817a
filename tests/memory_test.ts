/**
 * The memory store keeps the contract, with bounds far off as without.
 */

import { conformance, inProcessConformance } from "./conformance/conformance.ts";
import { openMemorySubject } from "./support/memory_subject.ts";

/** Far above what a case stores: it is the code of a bounded store that runs. */
const NOT_REACHED = { maxEntries: 2 ** 40, maxBytes: 2 ** 40 };

conformance("memory", () => Promise.resolve(openMemorySubject()));
inProcessConformance("memory", () => Promise.resolve(openMemorySubject()));

conformance("bounded memory", () => Promise.resolve(openMemorySubject(NOT_REACHED)));
inProcessConformance("bounded memory", () => Promise.resolve(openMemorySubject(NOT_REACHED)));
