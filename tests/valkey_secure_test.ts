/**
 * The Valkey store over TLS, as a user with a password, in a database other than 0: it keeps the
 * contract there too, and trusts nobody it should not.
 */

import { match, ok, strictEqual } from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { KvConnectionError, KvServerError } from "../kv/errors.ts";
import { openKv } from "../kv/open.ts";
import type { TlsOptions, ValkeyOptions } from "../kv/options.ts";
import { conformance } from "./conformance/conformance.ts";
import { canStartValkey, type OwnServer, PATIENT, startValkey } from "./support/valkey_server.ts";
import { openSubject } from "./support/valkey_subject.ts";

const DATABASE = 3;
const PASSWORD = "p@ss word/ü";

async function startSecure(authClients: "yes" | "no"): Promise<OwnServer> {
  const certificates = fileURLToPath(new URL("support/certificates.sh", import.meta.url));
  return await startValkey({
    tls: true,
    script: await readFile(certificates, "utf8"),
    args: [
      ...["--tls-cert-file", "server.crt", "--tls-key-file", "server.key"],
      ...["--tls-ca-cert-file", "ca.crt", "--tls-auth-clients", authClients],
      ...["--user", "default", "off"],
      ...["--user", "ada", "on", `>${PASSWORD.replace(" ", "_")}`, "~*", "&*", "+@all"],
      ...["--user", "reader", "on", ">reads", "~public:*", "+@read", "+@connection"],
    ],
  });
}

function pem({ directory }: OwnServer, name: string): Promise<string> {
  return readFile(join(directory, name), "utf8");
}

async function refused(options: ValkeyOptions): Promise<Error> {
  try {
    await using kv = await openKv(options);
    await kv.get("public:k");
  } catch (error) {
    return error as Error;
  }
  throw new Error("the server let us in");
}

if (!await canStartValkey()) {
  const skip = "no permission to start a valkey-server, or none is installed";
  describe("Valkey over TLS", () => it("keeps the contract", { skip }));
} else {
  const server = await startSecure("no");
  const tls: TlsOptions = { caCerts: [await pem(server, "ca.crt")] };
  const password = PASSWORD.replace(" ", "_");
  const options: ValkeyOptions = {
    ...PATIENT,
    backend: "valkey",
    url: `valkeys://ada:${encodeURIComponent(password)}@127.0.0.1:${server.port}/${DATABASE}`,
    tls,
  };
  const admin = await openKv(options);
  conformance("Valkey over TLS as a user", () => openSubject(options, admin));

  describe("Valkey over TLS", () => {
    after(async () => {
      await admin.close();
      await server.stop();
    });

    const { port } = server;
    const ada = { ...PATIENT, backend: "valkey", port, username: "ada", password } as const;

    it("keeps to its database", async () => {
      await using kv = await openKv(options);
      await using other = await openKv({ ...ada, tls, database: DATABASE + 1 });
      await kv.put("here", "v");
      strictEqual(await kv.get("here"), "v");
      strictEqual(await other.get("here"), null);
      match(String(await kv.command("CLIENT", "INFO")), new RegExp(`db=${DATABASE} .*user=ada`));
    });

    it("moves values of a megabyte", async () => {
      await using kv = await openKv(options);
      const value = "0123456789abcdef".repeat(65_536);
      await kv.put("big", value);
      ok(await kv.get("big") === value);
    });

    it("takes the name that the certificate must bear", async () => {
      await using kv = await openKv({ ...ada, tls: { ...tls, serverName: "valkey.test" } });
      strictEqual(await kv.get("k"), null);
      const error = await refused({ ...ada, tls: { ...tls, serverName: "other.test" } });
      ok(error instanceof KvConnectionError && error.outcome === "not_sent");
      match(error.message, /^Cannot connect to 127\.0\.0\.1:\d+: .*certificate/i);
    });

    it("trusts no certificate of an authority that it was not told of", async () => {
      const caCerts = [await pem(server, "other-ca.crt")];
      for (const untrusted of [{ caCerts }, true] as const) {
        const error = await refused({ ...ada, tls: untrusted });
        ok(error instanceof KvConnectionError && error.outcome === "not_sent");
        match(error.message, /certificate.*; tls\.caCerts says whom to trust$/);
      }
    });

    it("does not speak plain text to it", async () => {
      const error = await refused({ ...ada, connectTimeout: 500 });
      ok(error instanceof KvConnectionError);
      match(error.message, /; if the server speaks TLS, its URL begins with valkeys:$/);
    });

    it("shows a certificate of its own where the server asks for one", async () => {
      await using strict = await startSecure("yes");
      const own = { caCerts: [await pem(strict, "ca.crt")] };
      const cert = await pem(strict, "client.crt"), key = await pem(strict, "client.key");
      const at = { ...ada, port: strict.port };
      await using kv = await openKv({ ...at, tls: { ...own, cert, key } });
      strictEqual(await kv.put("k", "v"), true);
      ok(await refused({ ...at, tls: own }) instanceof KvConnectionError);
    });

    it("rejects with the server's code for a wrong password and what is forbidden", async () => {
      const wrong = [{ password: "wrong" }, { username: "eve" }, { username: undefined }];
      for (const change of wrong) {
        const error = await refused({ ...ada, tls, ...change });
        ok(error instanceof KvServerError);
        strictEqual(error.serverCode, "WRONGPASS");
        ok(!error.message.includes(password) && !error.message.includes('wrong"'));
      }
      await using kv = await openKv({ ...ada, tls, username: "reader", password: "reads" });
      strictEqual(await kv.get("public:k"), null);
      for (const call of [kv.get("private"), kv.put("public:k", "v")]) {
        const error = await call.then(() => null, (error: unknown) => error);
        ok(error instanceof KvServerError && error.serverCode === "NOPERM");
      }
    });
  });
}
