import { once } from "node:events";
import type { Socket } from "node:net";
import { connect } from "node:net";
import { afterEach, describe, expect, it } from "@jest/globals";
import type { Route } from "../../../../src/ops/http/answer.ts";
import { textAnswer } from "../../../../src/ops/http/answer.ts";
import { authorizationOf, BasicAuth } from "../../../../src/ops/http/basic-auth.ts";
import { HTTP_LIMITS, HttpServer } from "../../../../src/ops/http/http-server.ts";

const USER = { username: "operator", password: "pass: wörd" };

let server: HttpServer;
let base: string;
let port: number;
const sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await server.stop();
});

async function serve(auth: BasicAuth | null = null, limits = {}): Promise<void> {
  const route = (answer: Route["answer"], isOpen: boolean): Route => ({ answer, isOpen });
  const routes = new Map([
    ["/livez", route(() => textAnswer(200, "ok"), true)],
    ["/status", route(({ query }) => textAnswer(200, `q=${query.get("q") ?? ""}`), false)],
    ["/broken", route(() => Promise.reject(new Error("postgres://u:secret@h")), true)],
  ]);
  server = new HttpServer(routes, auth, { ...HTTP_LIMITS, ...limits });
  port = await server.start("127.0.0.1", 0);
  base = `http://127.0.0.1:${port}`;
}

/** Sends bytes as they are, and gives what came back until the server hung up. */
async function raw(text: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  sockets.push(socket);
  let answer = "";
  socket.on("data", (chunk: Buffer) => {
    answer += chunk.toString();
  });
  socket.on("error", () => undefined);
  const closed = once(socket, "close");
  socket.write(text);
  await closed;
  return answer;
}

describe("the HTTP server", () => {
  it("answers GET, and HEAD without a body, with headers that keep answers out of caches and frames", async () => {
    await serve();
    const get = await fetch(`${base}/status?q=1`);
    expect([get.status, await get.text()]).toEqual([200, "q=1\n"]);
    expect(get.headers.get("cache-control")).toBe("no-store");
    expect(get.headers.get("x-content-type-options")).toBe("nosniff");
    expect(get.headers.get("x-frame-options")).toBe("DENY");
    const head = await fetch(`${base}/status?q=1`, { method: "HEAD" });
    expect([head.status, await head.text()]).toEqual([200, ""]);
    expect(head.headers.get("content-length")).toBe("4");
  });

  it.each(["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])("refuses %s", async (method) => {
    await serve();
    const answer = await fetch(`${base}/status`, { method });
    expect([answer.status, answer.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
  });

  it("knows its own paths only", async () => {
    await serve();
    for (const path of ["/", "/statusz", "/status/", "/status%2f", "//status"]) {
      expect([path, (await fetch(base + path)).status]).toEqual([path, 404]);
    }
  });

  it("takes no body, and hangs up on who sends one", async () => {
    await serve();
    const answer = await raw("GET /status HTTP/1.1\r\nhost: h\r\ncontent-length: 5\r\n\r\nhello");
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toMatch(/^connection: close\r$/im);
  });

  it("bounds the URL and the headers", async () => {
    await serve();
    expect((await fetch(`${base}/status?q=${"a".repeat(1_900)}`)).status).toBe(200);
    expect((await fetch(`${base}/status?q=${"a".repeat(2_100)}`)).status).toBe(414);
    const large = await raw(`GET /status HTTP/1.1\r\nhost: h\r\na: ${"b".repeat(9_000)}\r\n\r\n`);
    expect(large).toMatch(/^HTTP\/1\.1 431 /);
  });

  it("hangs up on a request that does not get on", async () => {
    await serve(null, { headersMs: 100, requestMs: 150, checkMs: 20 });
    expect(await raw("GET /status HTTP/1.1\r\nhost: ")).toMatch(/^HTTP\/1\.1 408 |^$/);
  });

  it("hangs up on a connection that asks for nothing more", async () => {
    await serve(null, { idleMs: 50 });
    expect(await raw("GET /livez HTTP/1.1\r\nhost: h\r\n\r\n")).toMatch(/^HTTP\/1\.1 200 /);
  });

  it("bounds the connections", async () => {
    await serve(null, { connectionsMax: 1 });
    const first = connect(port, "127.0.0.1");
    sockets.push(first);
    first.write("GET /livez HTTP/1.1\r\nhost: h\r\n\r\n");
    await once(first, "data");
    expect(await raw("GET /livez HTTP/1.1\r\nhost: h\r\n\r\n")).toBe("");
  });

  it("tells nothing of what broke a page", async () => {
    await serve();
    const answer = await fetch(`${base}/broken`);
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain("secret");
  });

  it("asks for user and password, but never for a probe", async () => {
    await serve(new BasicAuth(USER));
    const none = await fetch(`${base}/status`);
    expect(none.status).toBe(401);
    expect(none.headers.get("www-authenticate")).toContain("Basic realm=");
    expect(await none.text()).not.toContain("q=");
    expect((await fetch(`${base}/livez`)).status).toBe(200);
    const headers = { authorization: authorizationOf(USER) };
    expect((await fetch(`${base}/status`, { headers })).status).toBe(200);
  });
});

describe("basic authentication", () => {
  const auth = new BasicAuth(USER);

  it("admits the one user, in any case of the scheme's name", () => {
    const [, encoded = ""] = authorizationOf(USER).split(" ");
    expect(auth.admits(`Basic ${encoded}`)).toBe(true);
    expect(auth.admits(`basic  ${encoded}`)).toBe(true);
  });

  it.each([
    undefined,
    "",
    "Basic",
    "Basic ",
    "Bearer b3BlcmF0b3I6",
    authorizationOf({ ...USER, password: "" }),
    authorizationOf({ ...USER, password: `${USER.password} ` }),
    authorizationOf({ ...USER, username: "Operator" }),
    authorizationOf({ username: "operator:pass", password: " wörd " }),
    `${authorizationOf(USER)} more`,
  ])("refuses %p", (authorization) => {
    expect(auth.admits(authorization)).toBe(false);
  });
});
