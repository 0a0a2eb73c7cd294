import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { DeliveryReport } from "../../support/relay/delivery-check.ts";
import { ALL_DELIVERED, checkDelivery } from "../../support/relay/delivery-check.ts";
import { Division } from "../../support/relay/division.ts";
import { RelayFixture } from "../../support/relay/fixture.ts";
import { Workload } from "../../support/relay/workload.ts";
import { until } from "../../support/until.ts";

let fixture: RelayFixture;
let workload: Workload;

beforeEach(async () => {
  fixture = await RelayFixture.create("shards", { partitions: 4 });
  workload = new Workload(fixture.database.url, { writers: 8 });
});

afterEach(async () => {
  await workload.stop();
  await fixture.close();
});

/** Positions rise by key: the relays of a division write to the same partitions. */
async function delivery(): Promise<DeliveryReport> {
  return checkDelivery(fixture.client, "outbox", await fixture.read(), "key");
}

async function transactions(count: number): Promise<void> {
  const wanted = workload.transactions + count;
  await until(
    () => workload.transactions >= wanted,
    60_000,
    () => `${wanted} transactions, ${workload.transactions} so far`,
  );
}

async function divided(count: number, settings: Record<string, string> = {}): Promise<Division> {
  const division = new Division(fixture, count);
  await division.migrate();
  await division.start(settings);
  return division;
}

async function rows(): Promise<number> {
  const { rows: found } = await fixture.client.query<{ count: number }>(
    "select count(*)::int as count from outbox",
  );
  return found[0]?.count ?? 0;
}

describe("two relays with a shard each", () => {
  it("publish each row once between them, and each key in order, however their keys are interleaved", async () => {
    const division = await divided(2);
    workload.start();
    await transactions(200);
    await workload.stop();
    await division.caughtUp();
    const report = await delivery();
    expect(report).toMatchObject(ALL_DELIVERED);
    const shares = await Promise.all(
      [0, 1].map(async (index) => (await division.relay(index).status()).events.published),
    );
    expect(shares.reduce((a, b) => a + b)).toBe(report.published);
    for (const share of shares) expect(share).toBeGreaterThan(0);
  });

  it("are reported by doctor, and so is one that has no slot", async () => {
    const division = new Division(fixture, 2);
    await division.migrate();
    const missing = await division.command(0, "doctor");
    expect(missing.stdout).toContain("SHARD_MISSING: shard 1/2 has no slot");
    await division.start();
    const { stdout, code } = await division.command(0, "doctor");
    expect(stdout).toMatch(/OK +shards +this one is 0\/2, 1\/2 is read\n/);
    expect(code).toBe(0);
    await fixture.client.query(
      `alter publication ${division.settings(0)["RELAY_PUBLICATION_NAME"] ?? ""} set table outbox`,
    );
    const wrong = await division.command(0, "doctor", "--sql");
    expect(wrong.code).toBe(1);
    await fixture.client.query(wrong.stdout);
    expect((await division.command(0, "migrate", "status")).code).toBe(0);
  });

  it("go on each from its own checkpoint after a crash", async () => {
    const division = await divided(2);
    workload.start();
    await transactions(60);
    await division.relay(1).kill();
    await transactions(60);
    await division.start();
    await workload.stop();
    await division.caughtUp();
    expect(await delivery()).toMatchObject(ALL_DELIVERED);
  });

  it("repair each its own part: the other's rows are not even looked at", async () => {
    const division = await divided(2);
    await division.stop();
    const [lost, kept] = [division.slot(0), division.slot(1)];
    await fixture.dropSlot(lost);
    for (let n = 0; n < 40; n++) await fixture.insert(`key-${n}`);
    const plan = await division.command(0, "repair", "--plan", "--json");
    const { candidates, missing } = JSON.parse(plan.stdout) as Record<string, number>;
    expect(candidates).toBeGreaterThan(0);
    expect(candidates).toBeLessThan(40);
    expect(missing).toBe(candidates);
    expect(await division.command(0, "repair")).toMatchObject({ code: 0, stderr: "" });
    expect(await fixture.read()).toHaveLength(candidates ?? -1);
    await division.start();
    await division.caughtUp();
    expect(kept).not.toBe(lost);
    expect(await delivery()).toMatchObject({ ...ALL_DELIVERED, committed: 40 });
  });

  it("repair one part while writers and the other relay go on", async () => {
    const division = await divided(2);
    workload.start();
    await transactions(40);
    await division.relay(0).stop();
    await fixture.dropSlot(division.slot(0));
    await transactions(40);
    division.launch();
    await division.relay(0).reaches("failed", "GAP_SLOT_MISSING");
    expect(await division.command(0, "repair")).toMatchObject({ code: 0, stderr: "" });
    await division.relay(0).reaches("streaming");
    await transactions(40);
    await workload.stop();
    await division.caughtUp();
    expect(await delivery()).toMatchObject(ALL_DELIVERED);
  });

  it("publish at their first start each its own part of what is in the tables", async () => {
    for (let n = 0; n < 40; n++) await fixture.insert(`key-${n}`);
    const division = await divided(2, { RELAY_SNAPSHOT: "initial" });
    await division.caughtUp();
    expect(await delivery()).toMatchObject({ ...ALL_DELIVERED, committed: 40 });
  });
});

describe("another number of shards", () => {
  it("takes over without a pause of the writers: the tables are compared with Kafka (1 to 2, 2 to 3)", async () => {
    let single = await fixture.streaming();
    workload.start();
    await transactions(60);
    await single.stop();
    const drop = ["slot", "drop", "--confirm", fixture.names.slot];
    expect(await fixture.command(drop)).toMatchObject({ code: 0 });
    const two = await divided(2, { RELAY_SNAPSHOT: "initial" });
    await transactions(60);
    // A relay that is killed may leave a Kafka transaction open; what it held is decided before anything is compared.
    await two.kill();
    await two.dropSlots();
    await transactions(20);
    const three = await divided(3, { RELAY_SNAPSHOT: "initial" });
    await transactions(60);
    await workload.stop();
    await three.caughtUp();
    expect(await delivery()).toMatchObject(ALL_DELIVERED);
    expect(await rows()).toBeGreaterThan(200);
    await three.stop();
    await three.dropSlots();
    // The checkpoint from before the first division is still there, and tells from where on rows may be missing.
    await fixture.insert("last");
    single = fixture.start();
    await single.reaches("failed", "GAP_SLOT_MISSING");
    expect(await fixture.command(["repair"])).toMatchObject({ code: 0 });
    await single.reaches("streaming");
    await fixture.caughtUp(single);
    expect(await delivery()).toMatchObject(ALL_DELIVERED);
  });

  it("takes over without a look at the tables while the writers pause (2 to 3)", async () => {
    const two = await divided(2);
    workload.start();
    await transactions(60);
    await workload.stop();
    await two.caughtUp();
    await two.stop();
    await two.dropSlots();
    const before = await rows();
    const three = await divided(3);
    workload = new Workload(fixture.database.url, { writers: 8, seed: 2 });
    workload.start();
    await transactions(60);
    await workload.stop();
    await three.caughtUp();
    expect(await delivery()).toMatchObject(ALL_DELIVERED);
    expect(await rows()).toBeGreaterThan(before);
  });

  it("is refused while a relay of the former division still reads", async () => {
    await divided(2);
    const three = new Division(fixture, 3);
    await three.migrate();
    const relay = fixture.start(three.settings(0));
    const { hint } = await relay.reaches("failed", "SHARD_OVERLAP");
    expect(hint).toContain("docs/scaling.md");
    const single = fixture.start({ RELAY_RETRY_MAX: "500ms" });
    await single.reaches("failed", "SHARD_OVERLAP");
  });

  it("is refused for a slot whose checkpoint is of a shard, and neither accepted nor repaired", async () => {
    const two = await divided(2);
    await fixture.insert("key");
    await two.caughtUp();
    await two.stop();
    const settings = { RELAY_SLOT_NAME: two.slot(0), RELAY_RETRY_MAX: "500ms" };
    const relay = fixture.start(settings);
    const { message } = await relay.reaches("failed", "SHARD_CHANGED");
    expect(message).toContain("shard 0/2");
    for (const argv of [["accept", "publication"], ["repair"]]) {
      const { code, stderr } = await fixture.command(argv, settings);
      expect([code, stderr]).toEqual([1, expect.stringContaining("SHARD_CHANGED")]);
    }
    await relay.kill();
    await two.start();
    await fixture.insert("key");
    await two.caughtUp();
    expect(await delivery()).toMatchObject({ ...ALL_DELIVERED, committed: 2 });
  });
});
