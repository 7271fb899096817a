/**
 * The Valkey store keeps the contract, on a real server.
 */

import { after, describe, it } from "node:test";
import { openKv } from "../kv/open.ts";
import type { ValkeyOptions } from "../kv/options.ts";
import { conformance } from "./conformance/conformance.ts";
import { findValkey } from "./support/valkey_server.ts";
import { openSubject } from "./support/valkey_subject.ts";

const server = await findValkey();
if ("reason" in server) {
  describe("Valkey", () => it("keeps the contract", { skip: server.reason }));
} else {
  const options: ValkeyOptions = {
    backend: "valkey",
    url: server.url,
    database: server.database,
  };
  const admin = await openKv(options);
  conformance("Valkey", () => openSubject(options, admin));
  after(() => admin.close());
}
