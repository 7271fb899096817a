/**
 * The example for Deno Deploy, tested by requests over HTTP.
 */

import { assert, assertEquals } from "@std/assert";
import { application } from "../../examples/deno_deploy.ts";
import { openKv } from "../../kv/open.ts";
import { findValkey, PATIENT } from "../support/valkey_server.ts";

const valkey = await findValkey();
const ignore = "reason" in valkey;

/** Serves the application, calls `run` with a way to ask it, and ends both. */
async function serve(
  run: (ask: (path: string, init?: RequestInit) => Promise<Response>) => Promise<void>,
): Promise<void> {
  if ("reason" in valkey) return;
  await using kv = await openKv({
    ...PATIENT,
    backend: "valkey",
    url: valkey.url,
    database: valkey.database,
    connectMode: "lazy",
  });
  await kv.command("FLUSHDB");
  await using server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    application(kv),
  );
  await run((path, init) => fetch(`http://127.0.0.1:${server.addr.port}${path}`, init));
}

Deno.test("the example serves a page from its cache the second time", { ignore }, async () => {
  await serve(async (ask) => {
    const answers = [];
    for (const path of ["/pages/home", "/pages/home", "/pages/other"]) {
      const response = await ask(path);
      answers.push([response.headers.get("x-cache"), await response.text()]);
    }
    const html = (title: string): string =>
      `<!doctype html><title>${title}</title><h1>${title}</h1>\n`;
    assertEquals(answers, [["miss", html("home")], ["hit", html("home")], ["miss", html("other")]]);
  });
});

Deno.test("the example knows nothing by a name too long for a key", async () => {
  await using kv = await openKv();
  const handler = application(kv);
  const name = "n".repeat(2_000);
  for (const place of ["pages", "thumbnails"]) {
    const { status } = await handler(new Request(`http://localhost/${place}/${name}`));
    assertEquals(status, 404);
  }
  const headers = { cookie: `session=${name}` };
  assertEquals((await handler(new Request("http://localhost/me", { headers }))).status, 401);
});

Deno.test("the example makes pages though its server is away, of whatever name", async () => {
  const kv = await openKv();
  await kv.close();
  const response = await application(kv)(new Request("http://localhost/pages/caf%C3%A9"));
  assertEquals([response.status, response.headers.get("x-cache")], [200, "miss"]);
  assert((await response.text()).includes("<h1>café</h1>"));
});

Deno.test("the example knows who logged in until they log out", { ignore }, async () => {
  await serve(async (ask) => {
    const body = new URLSearchParams({ name: "Ada" });
    const login = await ask("/login", { method: "POST", body });
    assertEquals(await login.text(), "Hello, Ada");
    const cookie = login.headers.get("set-cookie")!.split(";")[0]!;
    const me = await ask("/me", { headers: { cookie } });
    assertEquals((await me.json()).name, "Ada");
    const bye = await ask("/logout", { method: "POST", headers: { cookie } });
    assertEquals(await bye.text(), "Bye");
    for (const headers of [{ cookie }, { cookie: "session=made-up" }, {}]) {
      const response = await ask("/me", { headers: headers as HeadersInit });
      assertEquals(response.status, 401);
      await response.body?.cancel();
    }
  });
});

Deno.test("the example asks again who logs in without a form or a name", { ignore }, async () => {
  await serve(async (ask) => {
    const bodies = [null, "Ada", new URLSearchParams({ surname: "Lovelace" }), new FormData()];
    for (const body of bodies) {
      const response = await ask("/login", { method: "POST", body });
      assertEquals([response.status, response.headers.has("set-cookie")], [400, false]);
      await response.body?.cancel();
    }
  });
});

Deno.test("the example does its jobs in order, each once", { ignore }, async () => {
  await serve(async (ask) => {
    const ids: string[] = [];
    for (const image of ["a.png", "b.png"]) {
      const response = await ask("/jobs", { method: "POST", body: image });
      const { id, position } = await response.json();
      assertEquals(position, ids.push(id));
      const early = await ask(`/thumbnails/${id}`);
      assertEquals([early.status, await early.text()], [404, "Not yet"]);
    }
    for (const id of ids) {
      assertEquals(await (await ask("/work", { method: "POST" })).json(), { done: id });
    }
    assertEquals((await ask("/work", { method: "POST" })).status, 204);
    assert((await (await ask(`/thumbnails/${ids[1]}`)).text()).includes('src="b.png"'));
    const nowhere = await ask("/nowhere");
    assertEquals([nowhere.status, await nowhere.text()], [404, "Not found"]);
  });
});
