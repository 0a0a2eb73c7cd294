import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { ALL_DELIVERED, checkDelivery } from "../../support/relay/delivery-check.ts";
import { RelayFixture } from "../../support/relay/fixture.ts";
import { createTopics, withAdmin } from "../../support/services.ts";

let fixture: RelayFixture;

beforeEach(async () => {
  fixture = await RelayFixture.create("poison");
});

afterEach(async () => {
  await fixture.close();
});

async function confirmedLsn(): Promise<string> {
  const { rows } = await fixture.client.query<{ lsn: string }>(
    "select confirmed_flush_lsn::text as lsn from pg_replication_slots where slot_name = $1",
    [fixture.names.slot],
  );
  return rows[0]?.lsn ?? "";
}

async function insertEnd(insert: () => Promise<string>): Promise<{ id: string; before: string }> {
  const { rows } = await fixture.client.query<{ lsn: string }>(
    "select pg_current_wal_insert_lsn()::text as lsn",
  );
  return { id: await insert(), before: rows[0]?.lsn ?? "" };
}

async function isAtOrBefore(a: string, b: string): Promise<boolean> {
  const { rows } = await fixture.client.query<{ holds: boolean }>(
    "select $1::pg_lsn <= $2::pg_lsn as holds",
    [a, b],
  );
  return rows[0]?.holds === true;
}

async function alterTopics(setting: { name: string; value: string }): Promise<void> {
  const resources = fixture.topics.map((name) => ({ type: 2, name, configEntries: [setting] }));
  await withAdmin((admin) => admin.alterConfigs({ validateOnly: false, resources }));
}

describe("a row that cannot be published", () => {
  it("for want of a topic halts the relay with its id, and passes once the topic is created [39: H L D R]", async () => {
    const relay = await fixture.streaming();
    await fixture.insert("k", '{"seq": 1}');
    await fixture.caughtUp(relay);
    const { id, before } = await insertEnd(() => fixture.insert("k", '{"seq": 2}', "later"));
    await fixture.insert("k", '{"seq": 3}');
    const { message, hint } = await relay.reaches("failed", "TOPIC_MISSING");
    expect(message).toContain(id);
    expect(hint).toContain(`${fixture.names.topicPrefix}later`);
    expect(await isAtOrBefore(await confirmedLsn(), before)).toBe(true);
    expect((await relay.get("/livez")).status).toBe(200);
    const late = `${fixture.names.topicPrefix}later`;
    await createTopics([late]);
    await relay.reaches("streaming");
    await fixture.caughtUp(relay);
    const records = await fixture.read([...fixture.topics, late]);
    const report = await checkDelivery(fixture.client, "outbox", records);
    expect(report).toMatchObject({ lost: 0, duplicated: 0, phantom: 0 });
    expect(records).toHaveLength(3);
  });

  it("because it is too large halts the relay, and passes once the limit is raised [38: H L D O R]", async () => {
    const relay = await fixture.streaming();
    const large = JSON.stringify({ seq: 1, fill: "x".repeat(3_000_000) });
    const { id, before } = await insertEnd(() => fixture.insert("k", large));
    await fixture.insert("k", '{"seq": 2}');
    const { message } = await relay.reaches("failed", "RECORD_TOO_LARGE");
    expect(await isAtOrBefore(await confirmedLsn(), before)).toBe(true);
    expect(message).toContain(id);
    expect(relay.output).not.toContain("xxxx");
    await alterTopics({ name: "max.message.bytes", value: "5000000" });
    await relay.reaches("streaming");
    await fixture.caughtUp(relay);
    expect(await fixture.delivery()).toMatchObject({ ...ALL_DELIVERED, published: 2 });
  });

  it("because the topic wants other times halts the relay, and passes once the topic does not", async () => {
    await alterTopics({ name: "message.timestamp.before.max.ms", value: "0" });
    const relay = await fixture.streaming();
    const id = await fixture.insert("k", '{"seq": 1}');
    const { message } = await relay.reaches("failed", "RECORD_REFUSED");
    expect(message).toContain(id);
    await alterTopics({ name: "message.timestamp.before.max.ms", value: "86400000" });
    await relay.reaches("streaming");
    await fixture.caughtUp(relay);
    expect(await fixture.delivery()).toMatchObject({ ...ALL_DELIVERED, published: 1 });
  });

  it("for want of a key halts the relay; what came before is published, what comes after waits [41: H]", async () => {
    await fixture.client.query("alter table outbox alter column aggregateid drop not null");
    const relay = await fixture.streaming();
    const before = await fixture.insert("k");
    const { id, before: end } = await insertEnd(async () => {
      const { rows } = await fixture.client.query<{ id: string }>(
        "insert into outbox (aggregatetype, type, payload) values ('order', 'T', '{}') returning id::text",
      );
      return rows[0]?.id ?? "?";
    });
    await fixture.insert("k");
    const { message } = await relay.reaches("failed", "ROW_NULL");
    expect(message).toContain(id);
    expect(await isAtOrBefore(await confirmedLsn(), end)).toBe(true);
    expect((await fixture.read()).map(({ headers }) => headers["id"])).toEqual([before]);
    expect(relay.hasEnded).toBe(false);
  });

  it("because its column was dropped halts the relay and names the column [65: H]", async () => {
    const relay = await fixture.streaming();
    await fixture.client.query("alter table outbox rename column aggregateid to other");
    await fixture.client.query(
      "insert into outbox (aggregatetype, other, type, payload) values ('order', 'k', 'T', '{}')",
    );
    const { message } = await relay.reaches("failed", "COLUMN_MISSING");
    expect(message).toContain("aggregateid");
    expect(await fixture.read()).toHaveLength(0);
  });
});
