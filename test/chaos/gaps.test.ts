import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { startPostgres } from "../../src/demo/services/embedded-postgres.ts";
import { expectAllDelivered } from "../support/chaos/load.ts";
import { RelayFixture } from "../support/relay/fixture.ts";
import type { RelayProcess } from "../support/relay/relay-process.ts";
import { kafkaClient } from "../support/services.ts";
import { until } from "../support/until.ts";

const SETTINGS = { RELAY_RETRY_MAX: "500ms" };

let fixture: RelayFixture;

/** A relay has published one event and was stopped. */
beforeEach(async () => {
  fixture = await RelayFixture.create("gaps");
  const relay = await fixture.streaming(SETTINGS);
  await fixture.insert("k", '{"seq": 1}');
  await fixture.caughtUp(relay);
  await relay.stop();
});

afterEach(() => fixture.close());

/** Stops publishing with this code, confirms nothing, and says what to do. */
async function expectHalt(code: string, relay = fixture.start(SETTINGS)): Promise<RelayProcess> {
  const before = await confirmed();
  const { hint, message } = await relay.reaches("failed", code);
  expect(message).not.toBe("");
  expect(hint).toMatch(/outbox-relay|RELAY_|Run /);
  expect(await confirmed()).toBe(before);
  expect(relay.hasEnded).toBe(false);
  const { stdout } = await fixture.command(["slot", "inspect", "--json"]);
  expect(JSON.parse(stdout)).toMatchObject({ verdict: code });
  return relay;
}

async function confirmed(): Promise<string | null> {
  const { rows } = await fixture.client.query<{ lsn: string | null }>(
    "select confirmed_flush_lsn::text as lsn from pg_replication_slots where slot_name = $1",
    [fixture.names.slot],
  );
  return rows[0]?.lsn ?? null;
}

async function expectRepaired(relay: RelayProcess): Promise<void> {
  const repair = await fixture.command(["repair"]);
  expect(`${repair.stderr} ${repair.code}`).toMatch(/ 0$/);
  await relay.reaches("streaming");
  await fixture.insert("other", "{}");
  await expectAllDelivered(fixture, relay);
}

function dropSlot(): Promise<void> {
  return fixture.dropSlot();
}

describe("a slot that is not the one that was published from", () => {
  it("dropped while the relay is down, is a gap that repair closes [56: H L]", async () => {
    await dropSlot();
    await fixture.insert("k", '{"seq": 2}');
    const relay = await expectHalt("GAP_SLOT_MISSING");
    const plan = await fixture.command(["repair", "--plan", "--json"]);
    expect(JSON.parse(plan.stdout)).toMatchObject({ code: "GAP_SLOT_MISSING", missing: 1 });
    expect(await fixture.read()).toHaveLength(1);
    await expectRepaired(relay);
  });

  it("dropped while the relay runs, is a gap that repair closes [56: H L]", async () => {
    const relay = await fixture.streaming(SETTINGS);
    await until(
      async () => {
        await fixture.client
          .query(
            "select pg_terminate_backend(active_pid), pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = $1",
            [fixture.names.slot],
          )
          .catch(() => undefined);
        return (await confirmed()) === null;
      },
      20_000,
      "the slot to be gone",
    );
    await fixture.insert("k", '{"seq": 2}');
    await expectRepaired(await expectHalt("GAP_SLOT_MISSING", relay));
  });

  it("dropped and made again under the same name, is noticed [57: H L]", async () => {
    await dropSlot();
    await fixture.insert("k", '{"seq": 2}');
    await fixture.client.query("select pg_create_logical_replication_slot($1, 'pgoutput')", [
      fixture.names.slot,
    ]);
    await expectRepaired(await expectHalt("GAP_SLOT_ADVANCED"));
  });

  it("advanced by somebody else, is noticed [58: H L]", async () => {
    await fixture.insert("k", '{"seq": 2}');
    await fixture.client.query("select pg_replication_slot_advance($1, pg_current_wal_lsn())", [
      fixture.names.slot,
    ]);
    await expectRepaired(await expectHalt("GAP_SLOT_ADVANCED"));
  });
});

describe("a slot that was idle for too long", () => {
  it("is invalidated by Postgres 18, and repaired [60: H L]", async () => {
    const postgres = await startPostgres({ settings: { idle_replication_slot_timeout: "1s" } });
    const shared = fixture;
    fixture = await RelayFixture.create("idle_slot", { postgresUrl: postgres.url });
    try {
      const relay = await fixture.streaming(SETTINGS);
      await fixture.insert("k", '{"seq": 1}');
      await fixture.caughtUp(relay);
      await relay.stop();
      await fixture.insert("k", '{"seq": 2}');
      await until(
        async () => {
          await fixture.client.query("checkpoint");
          const { rowCount } = await fixture.client.query(
            "select from pg_replication_slots where slot_name = $1 and invalidation_reason = 'idle_timeout'",
            [fixture.names.slot],
          );
          return rowCount === 1;
        },
        30_000,
        "Postgres to invalidate the slot",
      );
      await expectRepaired(await expectHalt("GAP_SLOT_INVALID"));
    } finally {
      await fixture.close();
      await postgres.stop();
      fixture = shared;
    }
  });
});

describe("a checkpoint topic", () => {
  it("that was deleted, stops a relay whose slot exists; adopt compares the table with Kafka [44: H L D]", async () => {
    const admin = kafkaClient([...fixture.brokers]).admin();
    await admin.connect();
    const topic = `outbox-relay.checkpoint.${fixture.names.slot}`;
    await admin.deleteTopics({ topics: [topic] });
    await until(
      async () => !(await admin.listTopics()).includes(topic),
      10_000,
      "the topic to be gone",
    );
    await admin.disconnect();
    await fixture.insert("k", '{"seq": 2}');
    const relay = await expectHalt("CHECKPOINT_MISSING");
    const adopt = await fixture.command(["slot", "adopt"]);
    expect(`${adopt.stderr} ${adopt.code}`).toMatch(/ 0$/);
    await relay.reaches("streaming");
    await expectAllDelivered(fixture, relay);
  });

  it.each([
    ["no JSON", "CHECKPOINT_UNREADABLE"],
    ['{"v":2}', "CHECKPOINT_NEWER"],
    ['{"v":3}', "CHECKPOINT_NEWER"],
  ])("that holds %s, is not written over [45: H]", async (value, code) => {
    const producer = kafkaClient([...fixture.brokers]).producer();
    await producer.connect();
    const topic = `outbox-relay.checkpoint.${fixture.names.slot}`;
    await producer.send({ topic, messages: [{ key: fixture.names.slot, value }] });
    await producer.disconnect();
    const relay = fixture.start(SETTINGS);
    await relay.reaches("failed", code);
    await fixture.insert("k", '{"seq": 2}');
    expect(await fixture.read()).toHaveLength(1);
  });
});

describe("publication and tables", () => {
  const table = "public.outbox";
  const publication = (): string => fixture.names.publication;

  interface PublicationChange {
    readonly what: string;
    readonly sql: () => readonly string[];
  }
  const change = (what: string, sql: () => readonly string[]): PublicationChange => ({ what, sql });
  const changes: readonly PublicationChange[] = [
    change("the publication dropped and made again", () => [
      `drop publication ${publication()}`,
      "insert into outbox (aggregatetype, aggregateid, type, payload) values ('order', 'k', 'Placed', '{}')",
      `create publication ${publication()} for table ${table} with (publish = 'insert', publish_via_partition_root = true)`,
    ]),
    change("the table taken out of the publication and put back", () => [
      `alter publication ${publication()} drop table ${table}`,
      "insert into outbox (aggregatetype, aggregateid, type, payload) values ('order', 'k', 'Placed', '{}')",
      `alter publication ${publication()} add table ${table}`,
    ]),
    change("inserts switched off and on", () => [
      `alter publication ${publication()} set (publish = 'delete')`,
      "insert into outbox (aggregatetype, aggregateid, type, payload) values ('order', 'k', 'Placed', '{}')",
      `alter publication ${publication()} set (publish = 'insert')`,
    ]),
    change("another table put in the table's place", () => [
      `create table swap (like ${table} including all)`,
      `insert into swap select * from ${table}`,
      `insert into swap (aggregatetype, aggregateid, type, payload) values ('order', 'k', 'Placed', '{}')`,
      `drop table ${table}`,
      `alter table swap rename to outbox`,
      `alter publication ${publication()} add table ${table}`,
    ]),
  ];

  it.each(changes)(
    "are noticed to have changed while the relay is down: $what [61, 63: H L]",
    async ({ sql }) => {
      for (const statement of sql()) await fixture.client.query(statement);
      await expectRepaired(await expectHalt("PUBLICATION_CHANGED"));
    },
  );

  it.each(changes.slice(1))(
    "are noticed to have changed while it runs: $what [63: H L]",
    async ({ sql }) => {
      const relay = await fixture.streaming(SETTINGS);
      await fixture.client.query("begin");
      for (const statement of sql()) await fixture.client.query(statement);
      await fixture.client.query("commit");
      await relay.reaches("failed", "PUBLICATION_CHANGED");
      await expectRepaired(relay);
    },
  );

  it("may be accepted by who knows that nothing is missing", async () => {
    await fixture.client.query(`alter publication ${publication()} set (publish = 'delete')`);
    await fixture.client.query(`alter publication ${publication()} set (publish = 'insert')`);
    const relay = await expectHalt("PUBLICATION_CHANGED");
    expect((await fixture.command(["accept", "publication"])).code).toBe(0);
    await relay.reaches("streaming");
    await fixture.insert("k", '{"seq": 2}');
    await expectAllDelivered(fixture, relay);
  });

  it("stay the same when a column is added, the table truncated or vacuumed", async () => {
    const relay = await fixture.streaming(SETTINGS);
    await fixture.client.query("alter table outbox add column note text");
    await fixture.client.query("vacuum full outbox");
    await fixture.client.query("vacuum full pg_publication_rel");
    await relay.stop();
    const again = await fixture.streaming(SETTINGS);
    await fixture.insert("k", '{"seq": 2}');
    await expectAllDelivered(fixture, again);
  });
});

describe("a server that is another one", () => {
  it("than the checkpoint is of, is refused, and adopted on demand [53: H L]", async () => {
    const postgres = await startPostgres();
    const elsewhere = await RelayFixture.create("elsewhere", { postgresUrl: postgres.url });
    try {
      const { slot } = fixture.names;
      const settings = { ...SETTINGS, RELAY_SLOT_NAME: slot };
      await elsewhere.insert("k", '{"seq": "elsewhere"}');
      const relay = elsewhere.start(settings);
      const { message } = await relay.reaches("failed", "LINEAGE_FOREIGN");
      expect(message).toContain("another cluster");
      expect((await elsewhere.command(["repair"], settings)).code).toBe(1);
      expect((await elsewhere.command(["slot", "adopt", "--take-over"], settings)).code).toBe(0);
      await relay.reaches("streaming");
      await until(
        async () => (await elsewhere.read()).length === 1,
        20_000,
        "the row of the other server",
      );
    } finally {
      await elsewhere.close();
      await postgres.stop();
    }
  });
});
