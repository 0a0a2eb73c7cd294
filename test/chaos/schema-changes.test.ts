import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { differentPayloads } from "../support/chaos/bytes-check.ts";
import { deliveryDespite, transactions } from "../support/chaos/under-load.ts";
import { ALL_DELIVERED } from "../support/relay/delivery-check.ts";
import { RelayFixture } from "../support/relay/fixture.ts";

let fixture: RelayFixture;

afterEach(async () => {
  await fixture.close();
});

describe("an outbox table under load", () => {
  beforeEach(async () => {
    fixture = await RelayFixture.create("columns");
  });

  it("may get, lose, rename and retype columns, and its payload may become text and bytea [65: L P D O B]", async () => {
    const relay = await fixture.streaming();
    const changes = [
      "add column tenant text not null default 'none'",
      "rename column created_at to made_at",
      "drop column headers, add column headers jsonb",
      "alter column aggregateid type varchar(200)",
      "drop column tenant, add column tenant int",
      "alter column payload type json",
      "alter column payload type text",
      "alter column payload type bytea using convert_to(payload, 'UTF8')",
    ];
    const report = await deliveryDespite(fixture, relay, async (workload) => {
      for (const change of changes) {
        await fixture.client.query(`alter table outbox ${change}`);
        await transactions(workload, 10);
      }
    });
    expect(report).toMatchObject(ALL_DELIVERED);
    expect(await differentPayloads(fixture.client, "outbox", await fixture.read())).toEqual([]);
  });
});

describe("a partitioned outbox whose relay lags behind", () => {
  beforeEach(async () => {
    fixture = await RelayFixture.create("partitions", { migrate: false });
    await fixture.client.query(`
      create table outbox (
        id uuid not null default gen_random_uuid(), aggregatetype text not null, aggregateid text not null,
        type text not null, payload jsonb, day int not null
      ) partition by list (day);
      create table outbox_1 partition of outbox for values in (1);
      create table outbox_2 partition of outbox for values in (2);`);
    await fixture.migrate();
    await (await fixture.streaming()).stop();
  });

  function insert(table: string, key: string, day: number): Promise<unknown> {
    return fixture.client.query(
      `insert into ${table} (aggregatetype, aggregateid, type, payload, day)
       values ('order', $1, 'T', '{}', $2)`,
      [key, day],
    );
  }

  async function publishedKeys(): Promise<string[]> {
    const relay = await fixture.streaming();
    await fixture.caughtUp(relay);
    await relay.stop();
    return (await fixture.read()).map(({ key }) => String(key)).toSorted();
  }

  it("loses no row of a partition that is dropped or detached before it is read [66: L P D]", async () => {
    await insert("outbox", "dropped", 1);
    await insert("outbox", "detached", 2);
    await fixture.client.query("drop table outbox_1");
    await fixture.client.query("alter table outbox detach partition outbox_2");
    // No outbox row any more, by what the database itself says.
    await insert("outbox_2", "written after it was detached", 2);
    expect(await publishedKeys()).toEqual(["detached", "dropped"]);
  });

  it("publishes what is written to a partition that was attached, whatever its columns' order [66: L P D B]", async () => {
    await fixture.client.query(`
      create table outbox_3 (day int not null, payload jsonb, type text not null, aggregateid text not null,
        aggregatetype text not null, id uuid not null default gen_random_uuid())`);
    await insert("outbox_3", "written before it was attached", 3);
    await fixture.client.query("alter table outbox attach partition outbox_3 for values in (3)");
    await insert("outbox_3", "directly", 3);
    await insert("outbox", "through the root", 3);
    expect(await publishedKeys()).toEqual(["directly", "through the root"]);
    const records = await fixture.read();
    expect(await differentPayloads(fixture.client, "outbox", records)).toEqual([]);
  });
});

describe("transactions that do not simply insert and commit", () => {
  beforeEach(async () => {
    fixture = await RelayFixture.create("undone");
  });

  const row = (key: string): string =>
    `insert into outbox (aggregatetype, aggregateid, type, payload) values ('order', '${key}', 'T', '{}');`;

  it("publish exactly what they committed: no rollback, no savepoint, all of COPY, also rows deleted at once [74: L P D O]", async () => {
    const relay = await fixture.streaming();
    await fixture.client.query(`begin; ${row("rolled back")} rollback`);
    await fixture.client.query(
      `begin; ${row("1")} savepoint a; ${row("undone")} savepoint b; ${row("undone too")} rollback to a; ${row("2")} commit`,
    );
    await fixture.client.query(`begin; ${row("3")} delete from outbox; commit`);
    await fixture.client.query(`begin; ${row("4")} truncate outbox; commit`);
    await fixture.client.query(
      `copy outbox (aggregatetype, aggregateid, type, payload) from program 'yes "order,5,T,{}" | head -n 300' with (format csv)`,
    );
    await fixture.caughtUp(relay);
    const records = await fixture.read();
    const keys = records.map(({ key }) => String(key));
    expect(keys.filter((key) => key !== "5").toSorted()).toEqual(["1", "2", "3", "4"]);
    expect(keys.filter((key) => key === "5")).toHaveLength(300);
    expect(new Set(records.map(({ headers }) => headers["id"])).size).toBe(304);
    const positions = records
      .filter(({ key }) => key === "5")
      .map(({ headers }) => headers["position"] ?? "");
    expect(positions).toEqual(positions.toSorted());
    await relay.stop();
  });
});
