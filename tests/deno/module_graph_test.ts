import { assertEquals } from "@std/assert";

interface ModuleGraph {
  readonly modules: readonly {
    readonly specifier: string;
    readonly dependencies?: readonly {
      readonly code?: { readonly specifier: string };
      readonly isDynamic?: boolean;
    }[];
  }[];
}

const root = new URL("../../", import.meta.url);
const permission = await Deno.permissions.query({ name: "run", command: Deno.execPath() })
  .catch(() => ({ state: "denied" }));

Deno.test({
  name: "mod.ts, a memory store and the adapters load no file or socket code, and no dependency" +
    (permission.state === "granted" ? "" : " (ignored: it needs --allow-run)"),
  ignore: permission.state !== "granted",
  async fn() {
    assertEquals(await roomsLoadedBy(["mod.ts", "backends/memory/memory_kv.ts"]), [
      "",
      "backends/memory/",
      "internal/",
      "kv/",
    ]);
    assertEquals(await roomsLoadedBy(["adapters/keyv.ts", "adapters/unstorage.ts"]), [
      "adapters/",
      "internal/",
      "kv/",
    ]);
  },
});

Deno.test({
  name: "openKv() of a memory store takes no permission",
  permissions: "none",
  async fn() {
    const { openKv } = await import("../../mod.ts");
    await using kv = await openKv();
    await kv.put("a", "1", { expireIn: 1_000 });
    assertEquals(await kv.get("a"), "1");
  },
});

/** The directories of what `entries` import together. */
async function roomsLoadedBy(entries: readonly string[]): Promise<string[]> {
  const rooms = new Set<string>();
  for (const entry of entries) {
    const url = new URL(entry, root).href;
    const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json", url] })
      .output();
    const graph = JSON.parse(new TextDecoder().decode(stdout)) as ModuleGraph;
    for (const loaded of loadedBy(url, graph)) {
      rooms.add(new URL(".", loaded).href.replace(root.href, ""));
    }
  }
  return [...rooms].sort();
}

/** What `url` imports, however deep, short of what is imported when it is asked for. */
function loadedBy(url: string, graph: ModuleGraph): Set<string> {
  const byUrl = new Map(graph.modules.map((module) => [module.specifier, module]));
  const loaded = new Set([url]);
  for (const current of loaded) {
    for (const { code, isDynamic } of byUrl.get(current)?.dependencies ?? []) {
      if (code !== undefined && isDynamic !== true) loaded.add(code.specifier);
    }
  }
  return loaded;
}
