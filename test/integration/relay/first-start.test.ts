import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { expectAllDelivered } from "../../support/chaos/load.ts";
import { RelayFixture } from "../../support/relay/fixture.ts";
import { until } from "../../support/until.ts";

let fixture: RelayFixture;

beforeEach(async () => {
  fixture = await RelayFixture.create("first");
  for (const seq of [1, 2, 3]) await fixture.insert("k", `{"seq": ${seq}}`);
});

afterEach(() => fixture.close());

describe("the first start with rows in the table", () => {
  it("leaves them alone unless it is told otherwise", async () => {
    const relay = await fixture.streaming();
    await fixture.insert("k", '{"seq": 4}');
    await fixture.caughtUp(relay);
    expect(await fixture.read()).toHaveLength(1);
  });

  it("leaves them to a repair of all rows, which publishes them once although no gap is found", async () => {
    const relay = await fixture.streaming();
    await fixture.insert("k", '{"seq": 4}');
    await fixture.caughtUp(relay);
    await relay.stop();
    expect((await fixture.command(["repair"])).stdout).toContain("repair --all-rows");
    const plan = await fixture.command(["repair", "--all-rows", "--plan", "--json"]);
    expect(JSON.parse(plan.stdout)).toMatchObject({ candidates: 4, published: 1, missing: 3 });
    const repair = await fixture.command(["repair", "--all-rows"]);
    expect(`${repair.stderr}${repair.code}`).toBe("0");
    expect(repair.stdout).toContain("rows of the tables are published before what a new slot");
    await fixture.caughtUp(await fixture.streaming());
    const values = (await fixture.read()).map(({ value }) => JSON.parse(String(value)) as unknown);
    expect(values).toEqual([4, 1, 2, 3].map((seq) => ({ seq })));
  });

  it("publishes them first with RELAY_SNAPSHOT=initial, each once, in their order", async () => {
    const relay = await fixture.streaming({ RELAY_SNAPSHOT: "initial" });
    await fixture.insert("k", '{"seq": 4}');
    await expectAllDelivered(fixture, relay);
    const values = (await fixture.read()).map(({ value }) => JSON.parse(String(value)) as unknown);
    expect(values).toEqual([1, 2, 3, 4].map((seq) => ({ seq })));
    await relay.stop();
    const again = await fixture.streaming({ RELAY_SNAPSHOT: "initial" });
    await expectAllDelivered(fixture, again);
  });
});

describe("a first start that is killed while it publishes rows from before its slot", () => {
  /** A plan counts the rows from before the slot, and apart those of them that may come by it. */
  async function expectPlan({ candidates, doubtful }: Record<string, number>): Promise<void> {
    const { stdout: json } = await fixture.command(["repair", "--plan", "--json"]);
    const plan = JSON.parse(json) as Record<string, number>;
    const unfinished = { keptSinceMs: expect.any(Number), doubtful };
    expect(plan).toMatchObject({
      code: null,
      repairable: true,
      unfinished,
      rows: 3004,
      candidates,
    });
    expect(plan["published"]).toBeGreaterThan(0);
    expect([(plan["published"] ?? 0) + (plan["missing"] ?? 0)]).toEqual([candidates]);
    const { stdout } = await fixture.command(["repair", "--plan", "--all-rows"]);
    expect(stdout).toContain("keeps the slot");
    expect(stdout).toContain(`from before the slot): ${candidates}\n`);
    expect(stdout).toContain(`up to ${doubtful} of the candidates come by the slot instead`);
    expect(stdout).not.toContain("no gap");
  }

  it.each([
    ["with the migration's table", "select", { candidates: 3003, doubtful: 1 }],
    [
      "with a table that has no txid",
      "alter table outbox drop column txid",
      { candidates: 3004, doubtful: 2 },
    ],
  ])(
    "goes on with its slot and loses no row that was deleted meanwhile: %s",
    async (_, change, planned) => {
      const { client } = fixture;
      await client.query(change);
      await client.query(
        "insert into outbox (aggregatetype, aggregateid, type, payload) select 'order', g % 7, 'Placed', '{}' from generate_series(1, 3000) g",
      );
      // What the killed relay leaves open ends soon, so that the topic can be read to its end.
      const short = { RELAY_TRANSACTION_TIMEOUT: "5s" };
      const settings = { RELAY_SNAPSHOT: "initial", RELAY_BATCH_MAX_EVENTS: "50", ...short };
      const killed = fixture.start({ ...settings, RELAY_FAILPOINTS: "produce-acked=kill@9" });
      await until(
        () => killed.hasEnded,
        60_000,
        () => `the kill\n${killed.output}`,
      );
      await client.query("begin");
      const gone = [await fixture.insert("gone"), await fixture.insert("gone")];
      await client.query("delete from outbox where aggregateid = 'gone'");
      await client.query("commit");
      const kept = await fixture.insert("kept");
      await client.query(
        "update outbox set payload = '{\"changed\": 1}' where id = (select max(id::text)::uuid from outbox where aggregateid = '3')",
      );
      await expectPlan(planned);
      const relay = await fixture.streaming(settings);
      expect(relay.output).toContain("keeps the slot");
      await fixture.caughtUp(relay);
      const { rows } = await client.query<{ id: string }>("select id::text from outbox");
      const ids = (await fixture.read()).map(({ headers }) => headers["id"] ?? "");
      expect(ids.toSorted()).toEqual([...rows.map(({ id }) => id), ...gone].toSorted());
      expect(ids).toContain(kept);
    },
  );
});

describe("the first start with rows in two tables, one of them partitioned and named as a keyword", () => {
  it("publishes them by the order of their transactions", async () => {
    const { client, names } = fixture;
    await client.query(
      'create table "order" (like outbox including defaults) partition by hash (id)',
    );
    for (const part of [0, 1]) {
      await client.query(
        `create table order_${part} partition of "order" for values with (modulus 2, remainder ${part})`,
      );
    }
    await client.query(`alter publication ${names.publication} add table "order"`);
    for (const [seq, table] of [
      [4, '"order"'],
      [5, "outbox"],
      [6, '"order"'],
    ]) {
      await client.query(
        `insert into ${table} (aggregatetype, aggregateid, type, payload) values ('order', 'k', 'Placed', '{"seq": ${seq}}')`,
      );
    }
    const relay = await fixture.streaming({
      RELAY_SNAPSHOT: "initial",
      RELAY_TABLES: "public.outbox,public.order",
    });
    // The new slot begins behind these rows, so that its position tells nothing about them.
    await until(
      async () => (await fixture.read()).length === 6,
      30_000,
      () => `the six rows\n${relay.output}`,
    );
    const values = (await fixture.read()).map(({ value }) => JSON.parse(String(value)) as unknown);
    expect(values).toEqual([1, 2, 3, 4, 5, 6].map((seq) => ({ seq })));
  });
});

describe("a slot that was made before the relay's first start", () => {
  it("by outbox-relay slot create, is started from", async () => {
    expect((await fixture.command(["slot", "create"])).code).toBe(0);
    await fixture.insert("k", '{"seq": 4}');
    const relay = await fixture.streaming({ RELAY_SLOT_CREATE: "never" });
    await fixture.caughtUp(relay);
    expect(await fixture.read()).toHaveLength(1);
  });

  it("by somebody else, waits for a person to say what it stands for", async () => {
    await fixture.client.query("select pg_create_logical_replication_slot($1, 'pgoutput')", [
      fixture.names.slot,
    ]);
    await fixture.insert("k", '{"seq": 4}');
    const relay = fixture.start({ RELAY_RETRY_MAX: "500ms" });
    await relay.reaches("failed", "CHECKPOINT_MISSING");
    expect((await fixture.command(["slot", "adopt", "--trust-slot"])).code).toBe(0);
    await relay.reaches("streaming");
    await fixture.caughtUp(relay);
    expect(await fixture.read()).toHaveLength(1);
  });
});
