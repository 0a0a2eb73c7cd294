import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { MajorServer } from "../support/postgres/major-server.ts";
import { RelayFixture } from "../support/relay/fixture.ts";

const OUTBOX = "insert into outbox (aggregatetype, aggregateid, type, payload)";

describe.each([14, 18] as const)("a repair on Postgres %i", (major) => {
  const postgres = new MajorServer(major);
  let fixture: RelayFixture;
  let role: string;
  let settings: Record<string, string>;

  /** As the documented role, which may replicate and read the outbox table, and owns nothing. */
  beforeEach(async () => {
    fixture = await RelayFixture.create("readers", { postgresUrl: postgres.url });
    role = fixture.names.slot;
    await fixture.client.query(`create role ${role} login replication password 'secret'`);
    await fixture.client.query(`grant select on outbox to ${role}`);
    const url = new URL(fixture.database.url);
    url.username = role;
    url.password = "secret";
    settings = { RELAY_DATABASE_URL: url.href };
  });

  afterEach(async () => {
    await fixture.client.query(`drop owned by ${role} cascade`).catch(() => undefined);
    await fixture.close();
  });

  async function gap(): Promise<void> {
    const relay = await fixture.streaming(settings);
    await fixture.insert("before");
    await fixture.caughtUp(relay);
    await relay.stop();
    await fixture.dropSlot();
  }

  async function expectAllOnce(): Promise<void> {
    const { rows } = await fixture.client.query<{ id: string }>("select id from outbox");
    const ids = (await fixture.read()).map(({ headers }) => String(headers["id"]));
    expect(ids.toSorted()).toEqual(rows.map(({ id }) => id).toSorted());
  }

  it("is refused where row-level security may hide rows, and loses none of them", async () => {
    await gap();
    await fixture.client.query("alter table outbox enable row level security");
    await fixture.client.query("create policy everything on outbox for select using (true)");
    for (let i = 0; i < 4; i++) await fixture.insert("hidden");
    const doctor = await fixture.command(["doctor"], settings);
    expect(doctor.stdout).toContain(`ALTER ROLE ${role} BYPASSRLS`);
    for (const argv of [["repair", "--plan"], ["repair"]]) {
      const refused = await fixture.command(argv, settings);
      expect(refused.code).not.toBe(0);
      expect(refused.stderr).toContain("POSTGRES_PERMISSION");
      expect(refused.stderr).toContain("BYPASSRLS");
    }
    const relay = fixture.start(settings);
    await relay.reaches("failed", "GAP_SLOT_MISSING");
    expect(await fixture.read()).toHaveLength(1);
    await fixture.client.query(`alter role ${role} bypassrls`);
    const repair = await fixture.command(["repair"], settings);
    expect(`${repair.stderr}${repair.code}`).toBe("0");
    await relay.reaches("streaming");
    await expectAllOnce();
  });

  it("finds rows with any txid, and reads tables below that the role may not read", async () => {
    const { client, names } = fixture;
    await client.query("alter table outbox alter column txid drop not null");
    await client.query("create table old (check (type <> 'x')) inherits (outbox)");
    await client.query("alter table old enable row level security");
    await client.query(`alter publication ${names.publication} add table only old`);
    await gap();
    for (const txid of ["null", "'1'", "'99999999'", "default"]) {
      await client.query(
        `${OUTBOX.replace("payload", "payload, txid")} values ('order', 'k', 't', '{}', ${txid})`,
      );
    }
    await client.query("begin");
    await client.query("savepoint one");
    await client.query(`${OUTBOX} values ('order', 'k', 't', '{}')`);
    await client.query("commit");
    await client.query(
      "insert into old (id, aggregatetype, aggregateid, type, payload) values (gen_random_uuid(), 'order', 'k', 't', '{}')",
    );
    const plan = await fixture.command(["repair", "--plan", "--json"], settings);
    expect(`${plan.stderr}${plan.code}`).toBe("0");
    expect(JSON.parse(plan.stdout)).toMatchObject({ rows: 7, missing: 6 });
    const repair = await fixture.command(["repair"], settings);
    expect(`${repair.stderr}${repair.code}`).toBe("0");
    await expectAllOnce();
  });
});
