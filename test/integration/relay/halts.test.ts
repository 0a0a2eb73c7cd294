import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { PostgresServer } from "../../../src/demo/services/embedded-postgres.ts";
import { startPostgres } from "../../../src/demo/services/embedded-postgres.ts";
import { RelayFixture } from "../../support/relay/fixture.ts";
import { until } from "../../support/services.ts";

const SETTINGS = { RELAY_RETRY_MAX: "500ms", RELAY_CHECKPOINT_INTERVAL: "200ms" };
const KEYS_WRITTEN = 3;

let fixture: RelayFixture;

beforeEach(async () => {
  fixture = await RelayFixture.create("halts");
});

afterEach(async () => {
  await fixture.close();
});

const sql = (text: string): Promise<unknown> => fixture.client.query(text);

/** Tables swapped, rows written to the one that is not published, and swapped back. */
async function swapped(during: () => Promise<unknown>): Promise<void> {
  await sql("create table outbox_new (like outbox including all)");
  await sql(
    "begin; alter table outbox rename to outbox_old; alter table outbox_new rename to outbox; commit",
  );
  for (let i = 0; i < KEYS_WRITTEN; i++) await fixture.insert(`lost ${i}`);
  await during();
  await sql(
    "begin; alter table outbox rename to outbox_new; alter table outbox_old rename to outbox; commit",
  );
}

describe("a halt that may mean missing rows", () => {
  it("stays when the swap of tables is taken back, over a restart, and repair settles it", async () => {
    const relay = await fixture.streaming(SETTINGS);
    await fixture.insert("before");
    await fixture.caughtUp(relay);
    await swapped(() => relay.reaches("failed", "CONFIG_PUBLICATION"));
    await relay.kill();
    const again = fixture.start(SETTINGS);
    const { message } = await again.reaches("failed", "PUBLICATION_CHANGED");
    expect(message).toContain("first met by relay");
    await sql("insert into outbox select * from outbox_new");
    const inspected = await fixture.command(["slot", "inspect", "--json"]);
    expect(JSON.parse(inspected.stdout)).toMatchObject({ halt: "PUBLICATION_CHANGED" });
    expect((await fixture.command(["repair"])).code).toBe(0);
    await again.reaches("streaming");
    await until(
      async () => (await fixture.read()).length === KEYS_WRITTEN + 1,
      20_000,
      "the rows of the other table",
    );
  });

  it("is noticed when all of it happened while the relay was down; accept says what it accepts", async () => {
    const relay = await fixture.streaming(SETTINGS);
    await fixture.insert("before");
    await fixture.caughtUp(relay);
    await relay.stop();
    await swapped(() => Promise.resolve());
    const again = fixture.start(SETTINGS);
    await again.reaches("failed", "TABLE_RENAMED");
    const accepted = await fixture.command(["accept", "publication"]);
    expect([accepted.code, accepted.stdout]).toEqual([
      0,
      expect.stringMatching(/TABLE_RENAMED: table public\.outbox[^]*stay missing/),
    ]);
    await again.reaches("streaming");
  });
});

describe("a change of owner", () => {
  it("goes on, of publication and table, while the relay runs and while it is down", async () => {
    const { publication } = fixture.names;
    const role = fixture.names.slot;
    await sql(`create role ${role} superuser`);
    const relay = await fixture.streaming(SETTINGS);
    await sql(`alter publication ${publication} owner to ${role}`);
    await sql(`alter table outbox owner to ${role}`);
    await until(
      () => relay.output.includes("the owner of"),
      20_000,
      () => `the line about the owner\n${relay.output}`,
    );
    await fixture.insert("while it runs");
    await fixture.caughtUp(relay);
    await relay.stop();
    await sql(`reassign owned by ${role} to current_user`);
    const again = await fixture.streaming(SETTINGS);
    await fixture.insert("after");
    await fixture.caughtUp(again);
    expect(await fixture.read()).toHaveLength(2);
    await sql(`drop role ${role}`);
  });
});

describe("a child of the outbox table", () => {
  it("that was not published while the relay was down halts it; repair publishes its rows", async () => {
    const { publication } = fixture.names;
    const written = (key: string): Promise<unknown> =>
      sql(
        `insert into child (aggregatetype, aggregateid, type, payload) values ('order', '${key}', 'Placed', '{}')`,
      );
    await sql("create table child () inherits (outbox)");
    await sql(`alter publication ${publication} add table only child`);
    const relay = await fixture.streaming(SETTINGS);
    await written("before");
    await fixture.caughtUp(relay);
    await relay.stop();
    await sql(`alter publication ${publication} drop table only child`);
    await written("lost");
    await sql(`alter publication ${publication} add table only child`);
    const again = fixture.start(SETTINGS);
    const { message } = await again.reaches("failed", "PUBLICATION_CHANGED");
    expect(message).toContain("public.child was taken out of the publication");
    expect((await fixture.command(["repair"])).code).toBe(0);
    await again.reaches("streaming");
    await until(async () => (await fixture.read()).length === 2, 20_000, "the row of the child");
    await again.stop();
    await fixture.streaming(SETTINGS);
  });
});

describe("two relays with the same names on two servers", () => {
  let postgres: PostgresServer;

  beforeAll(async () => {
    postgres = await startPostgres();
  });

  afterAll(async () => {
    await postgres.stop();
  });

  it("leave each other alone: the second halts at once, and no command decides anything", async () => {
    const relay = await fixture.streaming(SETTINGS);
    await fixture.insert("before");
    await fixture.caughtUp(relay);
    const elsewhere = await RelayFixture.create("elsewhere", { postgresUrl: postgres.url });
    try {
      const settings = { ...SETTINGS, RELAY_SLOT_NAME: fixture.names.slot };
      await elsewhere.insert("elsewhere");
      const other = elsewhere.start(settings);
      const { hint } = await other.reaches("failed", "LINEAGE_FOREIGN");
      expect(hint).toContain("RELAY_SLOT_NAME");
      const adopted = await elsewhere.command(["slot", "adopt"], settings);
      expect([adopted.code, adopted.stderr]).toEqual([1, expect.stringContaining("--take-over")]);
      for (const argv of [
        ["repair"],
        ["accept", "publication"],
        ["accept", "table", "public.x", "--publish"],
      ]) {
        const refused = await elsewhere.command(argv, settings);
        expect([refused.code, refused.stderr]).toEqual([
          1,
          expect.stringMatching(/^LINEAGE_FOREIGN: /),
        ]);
      }
      const plan = await elsewhere.command(["repair", "--plan"], settings);
      expect(plan.stdout).toContain("repair refuses");
      await fixture.insert("after");
      await fixture.caughtUp(relay);
      expect(relay.output).not.toMatch(/FENCED|TRANSACTIONAL_ID_SHARED/);
      expect(await elsewhere.read()).toEqual([]);
    } finally {
      await elsewhere.close();
    }
  });
});
