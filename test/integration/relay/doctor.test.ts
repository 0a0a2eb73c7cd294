import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { RelayFixture } from "../../support/relay/fixture.ts";
import { kafkaClient } from "../../support/services.ts";

const FREE = { RELAY_HTTP_LISTEN: "127.0.0.1:0" };
/** Nothing listens there: the port is reserved (tcpmux). */
const NOWHERE = "127.0.0.1:1";
const SECRET = "hidden-e7b1";

interface Found {
  readonly title: string;
  readonly verdict: "OK" | "WARN" | "FAIL" | "SKIP";
  readonly seen: string | null;
  readonly findings: readonly {
    readonly code: string;
    readonly message: string;
    readonly hint: string;
  }[];
}

let fixture: RelayFixture;

beforeAll(async () => {
  fixture = await RelayFixture.create("doctor");
});

afterAll(async () => {
  await fixture.close();
});

/** `doctor --json`: its exit code, and its checks by title. */
async function doctor(settings: Readonly<Record<string, string>> = {}): Promise<{
  readonly code: number;
  readonly of: (title: string) => Found;
  readonly with: (verdict: Found["verdict"]) => string[];
}> {
  const { code, stdout, stderr } = await fixture.command(["doctor", "--json"], {
    ...FREE,
    ...settings,
  });
  expect(stderr).toBe("");
  const { checks } = JSON.parse(stdout) as { readonly checks: Found[] };
  return {
    code,
    of: (title) => {
      const found = checks.find((one) => one.title === title);
      if (found === undefined) throw new Error(`no check "${title}" in ${stdout}`);
      return found;
    },
    with: (verdict) => checks.filter((one) => one.verdict === verdict).map(({ title }) => title),
  };
}

describe("outbox-relay doctor before the first start", () => {
  it("finds nothing wrong, and makes neither slot nor topic", async () => {
    await fixture.insert("one");
    const { code, with: having, of } = await doctor();
    expect({ code, failed: having("FAIL"), unasked: having("SKIP") }).toEqual({
      code: 0,
      failed: [],
      unasked: [],
    });
    expect(of("slot").seen).toContain("the relay makes it");
    expect(of("continuity").seen).toContain("nothing was published yet");
    expect(of("event topics").seen).toContain(`${fixture.topics[0]} (3 partitions)`);
    const slots = await fixture.client.query(
      "select from pg_replication_slots where slot_name = $1",
      [fixture.names.slot],
    );
    expect(slots.rowCount).toBe(0);
    const admin = kafkaClient([...fixture.brokers]).admin();
    await admin.connect();
    const topics = await admin.listTopics();
    await admin.disconnect();
    expect(topics).not.toContain(`outbox-relay.checkpoint.${fixture.names.slot}`);
  });

  it("names the topic that a row would go to and that is not there", async () => {
    await fixture.insert("two", "{}", "unheard_of");
    const missing = await doctor();
    expect(missing.code).toBe(1);
    expect(missing.of("event topics").findings).toMatchObject([
      { code: "TOPIC_MISSING", message: expect.stringContaining("unheard_of") },
    ]);
    expect((await doctor({ RELAY_TOPIC_AUTO_CREATE: "true" })).with("FAIL")).toEqual([]);
    await fixture.client.query("delete from outbox where aggregatetype = 'unheard_of'");
  });

  it("warns of payloads that the topic does not take, before one of them halts the relay", async () => {
    await fixture.client.query(
      `insert into outbox (aggregatetype, aggregateid, type, payload)
       values ('order', 'large', 'Placed', jsonb_build_object('x', repeat('x', 2000000)))`,
    );
    const { code, of } = await doctor();
    expect(code).toBe(0);
    expect(of("event topics")).toMatchObject({
      verdict: "WARN",
      findings: [{ code: "RECORD_TOO_LARGE" }],
    });
    await fixture.client.query("truncate outbox");
  });
});

describe("outbox-relay doctor where nobody answers", () => {
  it("asks Kafka although Postgres is away, tells both, and shows no password", async () => {
    const settings = {
      RELAY_DATABASE_URL: `postgres://relay:${SECRET}@${NOWHERE}/shop`,
      RELAY_KAFKA_BROKERS: NOWHERE,
    };
    const { code, of } = await doctor(settings);
    expect(code).toBe(1);
    expect(of("connection").findings).toMatchObject([{ code: "POSTGRES_UNREACHABLE" }]);
    expect(of("bootstrap brokers").findings).toMatchObject([{ code: "KAFKA_UNREACHABLE" }]);
    expect(of("continuity")).toMatchObject({ verdict: "SKIP", seen: null });
    const text = await fixture.command(["doctor"], { ...FREE, ...settings });
    expect(text.stdout).toMatch(
      /FAIL {2}connection .*\n +why: .+\n +POSTGRES_UNREACHABLE: .+\n +next: /,
    );
    expect(text.stdout + text.stderr).not.toContain(SECRET);
  });

  it("warns of one broker among several that does not answer", async () => {
    const brokers = [NOWHERE, ...fixture.brokers].join(",");
    const { code, of } = await doctor({ RELAY_KAFKA_BROKERS: brokers });
    expect(code).toBe(0);
    expect(of("bootstrap brokers")).toMatchObject({
      verdict: "WARN",
      seen: "1 of 2 answer",
      findings: [{ message: expect.stringContaining(NOWHERE) }],
    });
  });
});

describe("outbox-relay doctor --sql", () => {
  it("prints what corrects a role and a publication, and then nothing is wrong any more", async () => {
    const role = `${fixture.names.slot}_role`;
    const { client, names } = fixture;
    await client.query(`create role ${role} login password '${SECRET}'`);
    await client.query(`alter publication ${names.publication} drop table outbox`);
    const url = new URL(fixture.database.url);
    [url.username, url.password] = [role, SECRET];
    const settings = { RELAY_DATABASE_URL: url.href };
    const before = await doctor(settings);
    expect(before.with("FAIL")).toEqual(["role", "publication", "replication connection"]);
    expect(before.of("repair").findings).toMatchObject([{ code: "CONFIG_REPAIR" }]);
    const { stdout, code } = await fixture.command(["doctor", "--sql"], { ...FREE, ...settings });
    expect(code).toBe(1);
    expect(stdout).not.toContain(SECRET);
    await client.query(stdout);
    const after = await doctor(settings);
    expect({ failed: after.with("FAIL"), warned: after.with("WARN") }).toEqual({
      failed: [],
      warned: [],
    });
    await client.query(`drop owned by ${role}; drop role ${role}`);
  });
});

describe("outbox-relay doctor beside a relay", () => {
  it("sees that it runs, takes nothing from it, and tells what its slot's loss means", async () => {
    const relay = await fixture.streaming();
    await fixture.insert("three");
    await fixture.caughtUp(relay);
    const listen = { RELAY_HTTP_LISTEN: `127.0.0.1:${await relay.port()}` };
    const running = await doctor(listen);
    expect(running.with("FAIL")).toEqual([]);
    expect(running.of("HTTP port").seen).toContain("a running relay");
    expect(running.of("slot").seen).toMatch(/in use by process \d+, confirmed/);
    expect(running.of("continuity").seen).toContain("fit together");
    expect((await relay.status()).state).toBe("streaming");
    await relay.stop();
    await fixture.dropSlot();
    const lost = await doctor();
    expect(lost.code).toBe(1);
    expect(lost.of("continuity").findings).toMatchObject([
      { code: "GAP_SLOT_MISSING", hint: expect.stringContaining("outbox-relay repair") },
    ]);
  });

  it("says that a port is taken by somebody else, as the relay itself does", async () => {
    const port = new URL(fixture.database.url).port;
    const { of } = await doctor({ RELAY_HTTP_LISTEN: `127.0.0.1:${port}` });
    expect(of("HTTP port").findings).toMatchObject([{ code: "CONFIG_HTTP_LISTEN" }]);
    const relay = fixture.start({ RELAY_HTTP_LISTEN: `127.0.0.1:${port}` });
    expect(await relay.ended()).toBe(78);
    expect(relay.lines.at(-1)).toMatchObject({ level: "fatal", code: "CONFIG_HTTP_LISTEN" });
  });
});

describe("outbox-relay doctor's words", () => {
  it.each([
    { words: ["doctor", "--help"], code: 0, says: /Usage: outbox-relay doctor/ },
    { words: ["doctor", "--json", "--sql"], code: 2, says: /not both/ },
    { words: ["doctor", "now"], code: 2, says: /Usage/ },
  ])("answers $words with exit code $code", async ({ words, code, says }) => {
    const answer = await fixture.command(words, FREE);
    expect(answer.code).toBe(code);
    expect(answer.stdout + answer.stderr).toMatch(says);
  });

  it("prints every problem of the settings and asks nobody", async () => {
    const answer = await fixture.command(["doctor"], { ...FREE, RELAY_BATCH_LINGER: "soon" });
    expect(answer.code).toBe(78);
    expect(answer.stderr).toContain("RELAY_BATCH_LINGER");
  });
});
