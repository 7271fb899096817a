/**
 * A web application on Deno Deploy with all of its state in Valkey: a page cache, sessions and a
 * job queue. Any number of instances share it, and any of them may go at any time.
 *
 *     VALKEY_URL=valkeys://user:password@host:6379 deno serve --allow-net --allow-env \
 *       examples/deno_deploy.ts
 *
 * Try it: `curl localhost:8000/pages/home`, twice.
 */

import { json, type Kv, openKv } from "@jetkv/jetkv";

const PAGE_MS = 60_000;
const SESSION_MS = 24 * 3_600_000;
const THUMBNAIL_MS = 30 * 24 * 3_600_000;
/** No key has over 1024 bytes, and so no name that is a part of one. */
const NAME_LENGTH_MAX = 200;

interface Session {
  name: string;
  since: string;
}

interface Job {
  id: string;
  image: string;
}

/** Makes the handler of an application whose state is in `kv`. */
export function application(kv: Kv): (request: Request) => Promise<Response> {
  const pages = kv.namespace("page:");
  const sessions = kv.namespace("session:").withCodec(json<Session>());
  const jobs = kv.withCodec(json<Job>());

  /** Renders a page, or takes it from the cache; without the server there is none, but pages. */
  async function page(name: string): Promise<Response> {
    // `undefined` where the server is away: to ask it again would take as long again.
    const cached = await pages.get(name).catch(() => undefined);
    const body = cached ?? render(name);
    if (cached === null) await pages.putExpire(name, body, PAGE_MS).catch(() => {});
    return new Response(body, {
      headers: { "content-type": "text/html", "x-cache": cached === body ? "hit" : "miss" },
    });
  }

  async function logIn(request: Request): Promise<Response> {
    const name = await nameIn(request);
    if (name === null) return new Response("Send a form with your name", { status: 400 });
    const id = crypto.randomUUID();
    await sessions.put(id, { name, since: new Date().toISOString() }, { expireIn: SESSION_MS });
    const cookie = `session=${id}; HttpOnly; Secure; SameSite=Lax; Path=/`;
    return new Response(`Hello, ${name}`, { headers: { "set-cookie": cookie } });
  }

  async function me(request: Request): Promise<Response> {
    const id = sessionId(request);
    const session = id === null ? null : await sessions.get(id);
    if (session === null || id === null) return new Response("Who are you?", { status: 401 });
    await sessions.touch(id, SESSION_MS);
    return Response.json(session);
  }

  async function logOut(request: Request): Promise<Response> {
    const id = sessionId(request);
    const isGone = id !== null && await sessions.remove(id);
    return new Response(isGone ? "Bye" : "Who are you?", { status: isGone ? 200 : 401 });
  }

  async function addJob(request: Request): Promise<Response> {
    const job: Job = { id: crypto.randomUUID(), image: await request.text() };
    const position = await jobs.append("jobs", job);
    return Response.json({ id: job.id, position }, { status: 202 });
  }

  /**
   * Does one job, if there is any. Until it is done it is in a list of its own, so what an instance
   * had begun when it went is still to be found under `begun:`. `docs/queues.md` has a worker that
   * tells such lists from those of workers that live, and gives them back.
   */
  async function work(): Promise<Response> {
    const begun = `begun:${crypto.randomUUID()}`;
    const job = await jobs.move("jobs", begun, { take: "first", put: "last" });
    if (job === null) return new Response(null, { status: 204 });
    const image = `<img src="${encodeURI(job.image)}" width="64">`;
    await kv.putExpire(`thumbnail:${job.id}`, image, THUMBNAIL_MS);
    await kv.delete(begun);
    return Response.json({ done: job.id });
  }

  async function thumbnail(id: string): Promise<Response> {
    const found = await kv.get(`thumbnail:${id}`);
    return found === null
      ? new Response("Not yet", { status: 404 })
      : new Response(found, { headers: { "content-type": "text/html" } });
  }

  return async (request) => {
    const [, place = "", name = ""] = new URL(request.url).pathname.split("/").map(decoded);
    if (name.length > NAME_LENGTH_MAX) return new Response("Not found", { status: 404 });
    switch (`${request.method} ${place}`) {
      case "GET pages":
        return await page(name);
      case "POST login":
        return await logIn(request);
      case "GET me":
        return await me(request);
      case "POST logout":
        return await logOut(request);
      case "POST jobs":
        return await addJob(request);
      case "POST work":
        return await work();
      case "GET thumbnails":
        return await thumbnail(name);
      default:
        return new Response("Not found", { status: 404 });
    }
  };
}

/** A part of a path as it was meant; as it stands where it is no such thing. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function render(name: string): string {
  const title = name.replace(/[^\p{Letter}\p{Number} ]/gu, "");
  return `<!doctype html><title>${title}</title><h1>${title}</h1>\n`;
}

/** The name in the form of a request; `null` where there is none. */
async function nameIn(request: Request): Promise<string | null> {
  try {
    const name = (await request.formData()).get("name");
    return typeof name === "string" && name !== "" ? name : null;
  } catch (error) {
    // What is no form is the mistake of who sent it.
    if (error instanceof TypeError) return null;
    throw error;
  }
}

function sessionId(request: Request): string | null {
  return /(?:^|; )session=([\w-]{1,64})(?:;|$)/.exec(request.headers.get("cookie") ?? "")?.[1] ??
    null;
}

/** What `deno serve` and Deno Deploy run. It connects at the first request. */
const server: { fetch(request: Request): Promise<Response> } = {
  async fetch(request) {
    handler ??= openKv({
      backend: "valkey",
      url: Deno.env.get("VALKEY_URL") ?? "valkey://127.0.0.1:6379",
      connectMode: "lazy",
    }).then((kv) => application(kv.namespace("app:")));
    return await (await handler)(request);
  },
};

let handler: Promise<(request: Request) => Promise<Response>> | undefined;

export default server;
