import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { clockApart } from "../support/chaos/clock-apart.ts";
import { RelayFixture } from "../support/relay/fixture.ts";
import { createTopics, kafkaClient } from "../support/services.ts";

const HOUR_MS = 3_600_000;
const KILLED = { RELAY_FAILPOINTS: "batch-settled=kill@2", RELAY_BATCH_MAX_EVENTS: "20" };

let fixture: RelayFixture;

/** A relay has published one event to each topic; the brokers set the times of the second one. */
beforeEach(async () => {
  fixture = await RelayFixture.create("clocks", { partitions: 1 });
  await createTopics(
    [bills()],
    { partitions: 1, config: { "message.timestamp.type": "LogAppendTime" } },
    kafkaClient([...fixture.brokers]),
  );
  const relay = await fixture.streaming();
  await fixture.insert("k");
  await fixture.insert("k", "{}", "bill");
  await fixture.caughtUp(relay);
  await relay.stop();
});

afterEach(() => fixture.close());

const bills = (): string => `${fixture.names.topicPrefix}bill`;

async function expectAllOnce(): Promise<void> {
  const { rows } = await fixture.client.query<{ id: string }>("select id from outbox");
  const records = await fixture.read([...fixture.topics, bills()]);
  const ids = records.map(({ headers }) => String(headers["id"]));
  expect(ids.toSorted()).toEqual(rows.map(({ id }) => id).toSorted());
}

describe("a repair on hosts whose clocks are hours apart", () => {
  it("is killed, begins again, and publishes nothing twice", async () => {
    const { client } = fixture;
    await fixture.dropSlot();
    await client.query(
      `insert into outbox (aggregatetype, aggregateid, type, payload)
       select case n % 2 when 0 then 'order' else 'bill' end, 'k' || n % 7, 'Step', '{}' from generate_series(1, 200) n`,
    );
    // A broker refuses records that are more than an hour ahead of it.
    for (const apartMs of [-30 * HOUR_MS, 0.9 * HOUR_MS]) {
      const killed = await fixture.command(["repair"], { ...KILLED, ...clockApart(apartMs) });
      expect(killed.code).not.toBe(0);
    }
    const { stdout, stderr, code } = await fixture.command(["repair"]);
    expect(`${stderr}${code}`).toBe("0");
    const last = JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as { skipped: number };
    expect(last.skipped).toBeGreaterThan(40);
    await expectAllOnce();
  });
});

describe("an adoption with times that are not the server's", () => {
  it.each([
    ["local time without a zone, hours ahead", "now() at time zone 'Asia/Tokyo'"],
    ["a business time in the future", "now() + interval '3 days'"],
  ])("sends nothing again: %s", async (_, time) => {
    const { client, names } = fixture;
    const type = time.includes("zone") ? "timestamp" : "timestamptz";
    await client.query(`alter table outbox alter column created_at type ${type} using ${time}`);
    const settings = { RELAY_CHECKPOINT_TOPIC: `another.checkpoint.${names.slot}` };
    const adopted = await fixture.command(["slot", "adopt"], settings);
    expect(`${adopted.stderr}${adopted.code}`).toBe("0");
    expect(adopted.stdout).toContain('"candidates":2,"skipped":2,"sent":0');
    await expectAllOnce();
  });
});
