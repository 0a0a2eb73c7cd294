import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { ALL_DELIVERED } from "../support/relay/delivery-check.ts";
import { RelayFixture } from "../support/relay/fixture.ts";
import { postgresUrl, until, withClient } from "../support/services.ts";

const MIB = 1024 ** 2;

let fixture: RelayFixture;

beforeAll(async () => {
  fixture = await RelayFixture.create("open_transactions");
});

afterAll(async () => {
  await fixture.close();
  await withClient(postgresUrl(), (client) => client.query(`drop role ${fixture.names.slot}`));
});

/** WAL of the neighbours, more than a segment of it. */
async function writeWal(): Promise<void> {
  for (let piece = 0; piece < 40; piece += 1) {
    await fixture.client.query(
      "select pg_logical_emit_message(false, 'neighbour', repeat('x', $1))",
      [MIB],
    );
  }
}

/** A role as the manual asks for it: it may replicate, and not see what others do. */
async function plainRoleUrl(): Promise<string> {
  const role = fixture.names.slot;
  await fixture.client.query(`create role ${role} login replication password 'relay'`);
  const url = new URL(fixture.database.url);
  url.username = role;
  url.password = "relay";
  return url.href;
}

describe("an idle transaction that has written something", () => {
  it("is named with its pid, while everybody else's events are published [71: L P D O R]", async () => {
    const relay = await fixture.streaming({
      RELAY_DATABASE_URL: await plainRoleUrl(),
      RELAY_WAL_HELD_WARN_AFTER: "1s",
    });
    await withClient(fixture.database.url, async (open) => {
      await open.query("begin");
      const { rows } = await open.query<{ pid: number }>("select pg_backend_pid() as pid");
      const pid = rows[0]?.pid ?? 0;
      await open.query(
        "insert into outbox (aggregatetype, aggregateid, type) values ('order', 'late', 'T')",
      );
      await writeWal();
      const id = await fixture.insert("early");
      await fixture.caughtUp(relay);
      expect((await fixture.read()).map(({ headers }) => headers["id"])).toEqual([id]);
      await until(
        () => relay.lines.some(({ code }) => code === "SLOT_HELD_BACK"),
        60_000,
        () => `the warning\n${relay.output}`,
      );
      const line = relay.lines.find(({ code }) => code === "SLOT_HELD_BACK");
      expect(line).toMatchObject({ level: "warn", msg: expect.stringContaining(`pid ${pid},`) });
      const { slot } = await relay.status();
      expect(slot.oldestTransaction).toMatchObject({ pid, prepared: null });
      expect(slot.oldestTransaction?.seconds).toBeGreaterThan(1);
      const metrics = await (await relay.get("/metrics")).text();
      expect(metrics).toMatch(/^relay_slot_oldest_transaction_seconds\{slot="\w+"\} \d/m);
      await open.query("commit");
    });
    await fixture.caughtUp(relay);
    expect(await fixture.delivery()).toMatchObject(ALL_DELIVERED);
  });
});
