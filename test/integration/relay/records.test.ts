import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { peakResidentBytes } from "../../support/chaos/process-memory.ts";
import { ALL_DELIVERED } from "../../support/relay/delivery-check.ts";
import { RelayFixture } from "../../support/relay/fixture.ts";
import type { RelayProcess } from "../../support/relay/relay-process.ts";
import type { ReadRecord } from "../../support/relay/topic-reader.ts";
import { Workload } from "../../support/relay/workload.ts";
import { kafkaClient, until } from "../../support/services.ts";

let fixture: RelayFixture;
let relay: RelayProcess;

beforeAll(async () => {
  fixture = await RelayFixture.create("records", {
    routes: ["order", "copy", "exact", "txn", "bulk", "load", "v1", "alo"],
  });
  relay = await fixture.streaming();
});

afterAll(async () => {
  await fixture.close();
});

async function published(route: string): Promise<ReadRecord[]> {
  await fixture.caughtUp(relay);
  return fixture.read([fixture.names.topicPrefix + route]);
}

function insert(route: string, key: string, payload: string): string {
  return `insert into outbox (aggregatetype, aggregateid, type, payload) values ('${route}', '${key}', 'T', '${payload}')`;
}

describe("a committed outbox row", () => {
  it("becomes one record with topic, key, value, time and headers of the native profile", async () => {
    const { rows } = await fixture.client.query<{ id: string; at: Date }>(
      `insert into outbox (aggregatetype, aggregateid, type, payload, headers)
       values ('order', 'k-1', 'OrderPlaced', '{"a": 1}', '{"correlation-id": "c-1"}') returning id::text, now() as at`,
    );
    const [record] = await published("order");
    expect(record).toMatchObject({ key: "k-1", value: Buffer.from('{"a": 1}') });
    expect(Object.keys(record?.headers ?? {})).toEqual([
      "id",
      "type",
      "position",
      "correlation-id",
    ]);
    expect(record?.headers).toMatchObject({
      id: rows[0]?.id,
      type: "OrderPlaced",
      "correlation-id": "c-1",
    });
    expect(record?.headers["position"]).toMatch(/^00000001\/[0-9A-F]{16}\/00000001$/);
    expect(Math.abs(Number(record?.timestamp) - Number(rows[0]?.at))).toBeLessThan(5_000);
  });

  it("keeps its bytes: multi-byte text, integers beyond 2^53, decimals with zeros, NULL [41: B]", async () => {
    const exact = ['{"n": 9007199254740993}', '{"d": 1.10}', '{"t": "Grüße, 世界 🚚"}'];
    for (const payload of exact) await fixture.client.query(insert("exact", "k", payload));
    await fixture.insert("ключ", null, "exact");
    const records = await published("exact");
    const byKey = records.filter(({ key }) => key === "k").map(({ value }) => value?.toString());
    expect(byKey).toEqual(exact);
    expect(records.find(({ key }) => key === "ключ")?.value).toBeNull();
  });

  it("is published when COPY wrote it, although all rows of a COPY share one LSN", async () => {
    await fixture.client.query(
      `copy outbox (aggregatetype, aggregateid, type, payload) from program 'seq -f "copy,k%g,T,{}" 500' with (format csv)`,
    );
    const records = await published("copy");
    expect(new Set(records.map(({ headers }) => headers["position"])).size).toBe(500);
    expect(new Set(records.map(({ headers }) => headers["id"])).size).toBe(500);
  });

  it("is never published when its transaction or savepoint was rolled back", async () => {
    const { client } = fixture;
    await client.query("begin");
    await client.query(insert("txn", "k", '"rolled back"'));
    await client.query("rollback");
    await client.query("begin");
    await client.query(insert("txn", "k", '"kept"'));
    await client.query("savepoint s");
    await client.query(insert("txn", "k", '"savepoint"'));
    await client.query("rollback to savepoint s");
    await client.query("commit");
    expect((await published("txn")).map(({ value }) => value?.toString())).toEqual(['"kept"']);
  });

  it("is published once and in order under many writers", async () => {
    const workload = new Workload(fixture.database.url, { route: "load" });
    workload.start();
    await until(() => workload.transactions > 300, 60_000, "300 transactions");
    await workload.stop();
    await fixture.caughtUp(relay);
    expect(await fixture.delivery()).toMatchObject(ALL_DELIVERED);
  });
});

describe("a transaction of 300 MB", () => {
  it("passes through a process that stays below 220 MB", async () => {
    await fixture.client.query(
      `insert into outbox (aggregatetype, aggregateid, type, payload)
       select 'bulk', 'k' || n % 7, 'Bulk', jsonb_build_object('seq', n, 'fill', repeat(md5(n::text), 93)) from generate_series(1, 100000) n`,
    );
    await fixture.caughtUp(relay);
    expect(peakResidentBytes(relay.pid)).toBeLessThan(220_000_000);
    const records = await fixture.read([`${fixture.names.topicPrefix}bulk`]);
    expect(new Set(records.map(({ headers }) => headers["id"])).size).toBe(100_000);
    expect(records).toHaveLength(100_000);
  });
});

describe("other ways to publish", () => {
  it.each([
    ["with the older transaction protocol", "v1", { RELAY_TRANSACTION_PROTOCOL: "v1" }],
    ["at least once, without transactions", "alo", { RELAY_DELIVERY: "at-least-once" }],
  ])("deliver everything in order %s", async (_way, route, settings) => {
    await relay.stop();
    const other = await fixture.streaming(settings);
    const workload = new Workload(fixture.database.url, { route, writers: 4 });
    workload.start();
    await until(() => workload.transactions > 100, 60_000, "100 transactions");
    await workload.stop();
    await fixture.caughtUp(other);
    await other.stop();
    relay = await fixture.streaming();
    expect(await fixture.delivery()).toMatchObject(ALL_DELIVERED);
  });
});

describe("a topic that is missing", () => {
  it("is created where the settings say so", async () => {
    await relay.stop();
    const creating = await fixture.streaming({
      RELAY_TOPIC_AUTO_CREATE: "true",
      RELAY_TOPIC_PARTITIONS: "4",
    });
    await fixture.insert("k", "{}", "made");
    await fixture.caughtUp(creating);
    const admin = kafkaClient().admin();
    await admin.connect();
    const topic = `${fixture.names.topicPrefix}made`;
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    await admin.disconnect();
    expect(topics[0]?.partitions).toHaveLength(4);
    expect(await fixture.read([topic])).toHaveLength(1);
    await creating.stop();
    relay = await fixture.streaming();
  });
});
