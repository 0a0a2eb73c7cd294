import { describe, expect, it } from "@jest/globals";
import { firstHost } from "../../../src/postgres/first-host.ts";
import type { HostSession } from "../../../src/postgres/host-list.ts";
import { hostSessions } from "../../../src/postgres/host-list.ts";
import { postgresError } from "../../../src/postgres/postgres-error.ts";
import type { SslMode } from "../../../src/postgres/tls.ts";
import { PREFER_TLS } from "../../../src/postgres/tls.ts";

const NEVER = (): boolean => false;
const MODES: readonly SslMode[] = [
  "disable",
  "allow",
  "prefer",
  "require",
  "verify-ca",
  "verify-full",
];

function sessions(mode: SslMode, ca: string | null = null, url = "postgres://u:p@h1,h2/d") {
  return hostSessions(url, "relay", {}, { ...PREFER_TLS, mode, ca });
}

/** plain, any (trusts anyone who answers), chain or full. */
function check(session: HostSession | null | undefined): string {
  if (session === null || session === undefined) return "none";
  const { ssl } = session.client;
  if (ssl === false) return "plain";
  if (typeof ssl !== "object") throw new Error("no way of ours");
  if (ssl.rejectUnauthorized === false) return "any";
  return ssl.checkServerIdentity === undefined ? "full" : "chain";
}

function ways(mode: SslMode, ca: string | null): string {
  const [first] = sessions(mode, ca);
  return `${check(first)}, ${check(first?.otherwise)}`;
}

describe("a mode of TLS", () => {
  it("means without an authority what it means to libpq", () => {
    expect(MODES.slice(0, 4).map((mode) => ways(mode, null))).toEqual([
      "plain, none",
      "plain, any",
      "any, plain",
      "any, none",
    ]);
  });

  it("checks the chain as soon as there is an authority, and only verify-full the host", () => {
    expect(MODES.map((mode) => ways(mode, "CA"))).toEqual([
      "plain, none",
      "plain, chain",
      "chain, plain",
      "chain, none",
      "chain, none",
      "full, none",
    ]);
  });

  it("leaves the authorities to Node where that is asked for", () => {
    expect(ways("verify-full", "system")).toBe("full, none");
    expect(sessions("verify-full", "system")[0]?.client.ssl).not.toHaveProperty("ca");
  });

  it("does not count for a Unix socket", () => {
    const [session] = sessions("verify-full", "CA", "postgres:///d?host=/run/postgresql");
    expect([check(session), check(session?.otherwise)]).toEqual(["plain", "none"]);
  });
});

/** What is tried, each as `host way`, when every try ends with `refusals`' answer to it. */
async function tries(
  mode: SslMode,
  answer: (host: string, way: string) => unknown,
): Promise<{ seen: string[]; outcome: unknown }> {
  const seen: string[] = [];
  const outcome = await firstHost(sessions(mode), NEVER, (session) => {
    const { host } = session.address;
    const way = check(session);
    seen.push(`${host} ${way}`);
    const error = answer(host, way);
    if (error === null) return Promise.resolve(`${host} ${way}`);
    const context = { address: session.address, slot: "s", publications: ["p"] };
    return Promise.reject(postgresError(error, "connect", context));
  }).catch((error: unknown) => error);
  return { seen, outcome };
}

const NO_TLS = new Error("The server does not support SSL connections");
const NO_LINE = Object.assign(new Error("no pg_hba.conf entry"), {
  severity: "FATAL",
  code: "28000",
});
const EXPIRED = Object.assign(new Error("certificate has expired"), { code: "CERT_HAS_EXPIRED" });

describe("a host that refuses the first way", () => {
  it("is asked the other way at once, before the next host", async () => {
    const hostssl = (_: string, way: string): unknown => (way === "plain" ? NO_LINE : null);
    expect(await tries("allow", hostssl)).toEqual({
      seen: ["h1 plain", "h1 any"],
      outcome: "h1 any",
    });
    const noTls = (_: string, way: string): unknown => (way === "any" ? NO_TLS : null);
    expect(await tries("prefer", noTls)).toEqual({
      seen: ["h1 any", "h1 plain"],
      outcome: "h1 plain",
    });
    const hostnossl = (_: string, way: string): unknown => (way === "any" ? NO_LINE : null);
    expect((await tries("prefer", hostnossl)).outcome).toBe("h1 plain");
  });

  it("is not asked in plain text where TLS is required, and where the handshake failed", async () => {
    expect((await tries("require", () => NO_TLS)).seen).toEqual(["h1 any", "h2 any"]);
    expect((await tries("prefer", () => EXPIRED)).seen).toEqual(["h1 any", "h2 any"]);
  });

  it("tells why the plain way was refused where there is no TLS", async () => {
    const { outcome } = await tries("allow", (_, way) => (way === "plain" ? NO_LINE : NO_TLS));
    expect(outcome).toMatchObject({ code: "POSTGRES_AUTHENTICATION" });
  });
});
