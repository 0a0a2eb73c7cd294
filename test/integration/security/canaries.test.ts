import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { RelayFixture } from "../../support/relay/fixture.ts";
import type { RelayProcess } from "../../support/relay/relay-process.ts";

/** Each is found nowhere else; what shows one of them shows a secret, or what is in an event. */
const CANARIES = {
  password: "canary-password-5d1c",
  payload: "canary-payload-93f0",
  header: "canary-header-b7e2",
  http: "canary-http-41aa",
  sasl: "canary-sasl-c0d3",
} as const;

const PAGES = [
  "/",
  "/status",
  "/status/history",
  "/metrics",
  "/readyz?verbose",
  "/livez",
  "/readyz",
  "/startupz",
  "/leader",
  "/nowhere",
];

const AUTH = { RELAY_HTTP_AUTH_USERNAME: "operator", RELAY_HTTP_AUTH_PASSWORD: CANARIES.http };
/** The test's broker knows no SASL, so this is refused or left unanswered. */
const SASL = {
  RELAY_KAFKA_SECURITY_PROTOCOL: "SASL_PLAINTEXT",
  RELAY_KAFKA_SASL_MECHANISM: "PLAIN",
  RELAY_KAFKA_SASL_USERNAME: "relay",
  RELAY_KAFKA_SASL_PASSWORD: CANARIES.sasl,
  RELAY_KAFKA_REQUEST_TIMEOUT: "1s",
  RELAY_KAFKA_CONNECT_TIMEOUT: "1s",
};

let fixture: RelayFixture;
let relay: RelayProcess;
let secretUrl: URL;
/** What somebody could read, by where. */
const told = new Map<string, string>();

beforeAll(async () => {
  fixture = await RelayFixture.create("canaries");
  const role = `${fixture.names.slot}_role`;
  await fixture.client.query(
    `create role ${role} login replication superuser password '${CANARIES.password}'`,
  );
  secretUrl = new URL(fixture.database.url);
  [secretUrl.username, secretUrl.password] = [role, CANARIES.password];
});

afterAll(async () => {
  const role = `${fixture.names.slot}_role`;
  await relay?.kill();
  await fixture.client.query(`drop role if exists ${role}`).catch(() => undefined);
  await fixture.close();
});

async function tell(where: string): Promise<void> {
  for (const page of PAGES) {
    told.set(`${page} ${where}`, await (await relay.get(page)).text());
  }
  told.set(`the log ${where}`, relay.output);
  told.set("the process's arguments", await readFile(`/proc/${relay.pid}/cmdline`, "utf8"));
}

async function tellCommand(
  words: readonly string[],
  settings: Readonly<Record<string, string>> = {},
): Promise<void> {
  const { stdout, stderr, code } = await fixture.command(words, {
    RELAY_DATABASE_URL: secretUrl.href,
    RELAY_HTTP_LISTEN: `127.0.0.1:${await relay.port()}`,
    ...AUTH,
    ...settings,
  });
  expect(stdout + stderr).not.toBe("");
  told.set(
    `${words.join(" ")} with ${JSON.stringify(Object.keys(settings))}: ${code}`,
    stdout + stderr,
  );
}

describe("secrets and payloads", () => {
  it("are in no log line, page, answer, error or argument", async () => {
    const payload = JSON.stringify({ card: CANARIES.payload });
    relay = await fixture.streaming({
      RELAY_DATABASE_URL: secretUrl.href,
      RELAY_LOG_LEVEL: "trace",
      ...AUTH,
    });
    await fixture.insert("k", payload);
    await fixture.caughtUp(relay);
    await tell("while streaming");
    // A row that cannot be published: its headers are no object of strings.
    await fixture.client.query(
      `insert into outbox (aggregatetype, aggregateid, type, payload, headers)
       values ('order', 'k', 'Placed', $1, $2)`,
      [payload, JSON.stringify({ authorization: { token: CANARIES.header } })],
    );
    await relay.reaches("failed", "ROW_HEADERS");
    await tell("while failed");
    for (const words of [
      ["doctor"],
      ["doctor", "--json"],
      ["doctor", "--sql"],
      ["status"],
      ["status", "--json"],
      ["slot", "inspect", "--json"],
      ["migrate", "status"],
      ["config", "print"],
      ["config", "print", "--json"],
    ]) {
      await tellCommand(words);
    }
    // What refuses a setting, or the server with it, must not repeat it.
    const broken = new URL(secretUrl);
    broken.pathname = "/no_such_database";
    await tellCommand(["doctor"], { RELAY_DATABASE_URL: broken.href });
    await tellCommand(["slot", "inspect"], { RELAY_DATABASE_URL: broken.href });
    await tellCommand(["config", "print"], SASL);
    await tellCommand(["doctor"], SASL);
    await tellCommand(["config", "check"], { ...SASL, RELAY_KAFKA_SECURITY_PROTOCOL: "SSL" });
    await tellCommand(["config", "check"], { RELAY_KAFKA_TLS_KEY: CANARIES.sasl });
    await tellCommand(["status"], { RELAY_HTTP_AUTH_PASSWORD: `${CANARIES.http}-wrong` });
    await tellCommand(["run"], { RELAY_DATABASE_URL: `mysql://a:${CANARIES.password}@b/c` });
    await tellCommand(["migrate", "up"], {
      RELAY_MIGRATION_DATABASE_URL: `postgres://nobody:${CANARIES.password}@127.0.0.1:1/x`,
    });
    expect(await relay.stop()).toBe(0);
    told.set("the log to its end", relay.output);
    for (const [name, canary] of Object.entries(CANARIES)) {
      const places = [...told].filter(([, text]) => text.includes(canary)).map(([where]) => where);
      expect({ name, places }).toEqual({ name, places: [] });
    }
  });

  it("would be found: what is said about the refused row stands where it was looked for", () => {
    const named = [...told].filter(([, text]) => text.includes("ROW_HEADERS"));
    expect(named.map(([where]) => where)).toEqual(
      expect.arrayContaining(["/status while failed", "the log while failed"]),
    );
    expect(told.size).toBeGreaterThan(20);
  });
});
