import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { KafkaRequests } from "../support/chaos/kafka-requests.ts";
import { KafkaRig } from "../support/chaos/kafka-rig.ts";
import { expectAllDelivered, publishes } from "../support/chaos/load.ts";
import { underLoad } from "../support/chaos/under-load.ts";
import { API, errorOfEndTxn, identityOfEndTxn } from "../support/kafka-frames.ts";
import type { HeldRequest } from "../support/kafka-proxy.ts";
import { ALL_DELIVERED } from "../support/relay/delivery-check.ts";
import { RelayFixture } from "../support/relay/fixture.ts";
import { readUncommitted } from "../support/relay/topic-reader.ts";
import { until } from "../support/until.ts";

const HOLD_DEADLINE_MS = 30_000;
const PRODUCER_FENCED = 90;
/** Brokers that forget within seconds what they remember for days otherwise. */
const FORGETFUL = {
  "transactional.id.expiration.ms": "2000",
  "transaction.remove.expired.transaction.cleanup.interval.ms": "300",
  "producer.id.expiration.ms": "2000",
  "producer.id.expiration.check.interval.ms": "300",
  "transaction.abort.timed.out.transaction.cleanup.interval.ms": "200",
};

let rig: KafkaRig;
let requests: KafkaRequests;
let fixture: RelayFixture;

beforeAll(async () => {
  rig = await KafkaRig.start({ properties: FORGETFUL });
  requests = new KafkaRequests(rig.kafka.brokers);
}, 180_000);

afterAll(async () => {
  requests?.close();
  await rig?.stop();
});

afterEach(async () => {
  rig.heal();
  await fixture.close();
});

async function newFixture(partitions: number): Promise<void> {
  fixture = await RelayFixture.create("txn", { brokers: rig.kafka.brokers, partitions });
}

/** Holds the next request that `isWanted`, and waits until it is there. */
async function hold(isWanted: (apiKey: number, request: Buffer) => boolean): Promise<HeldRequest> {
  const seen = rig.proxy.held.length;
  rig.judge((apiKey, request) => {
    const isFree = rig.proxy.held.length === seen;
    return isFree && isWanted(apiKey, request) ? "hold" : "pass";
  });
  await until(() => rig.proxy.held.length > seen, HOLD_DEADLINE_MS, "a request to hold");
  return rig.proxy.held.at(-1) as HeldRequest;
}

describe.each(["v1", "v2"])("in transaction protocol %s", (protocol) => {
  const settings = { RELAY_TRANSACTION_PROTOCOL: protocol, RELAY_RETRY_MAX: "500ms" };

  it("an EndTxn that reaches the broker within a later transaction of its id does not tear that one [23: L D O R]", async () => {
    await newFixture(3);
    const relay = await fixture.streaming({
      ...rig.settings,
      ...settings,
      RELAY_TRANSACTIONAL_IDS: "1",
      RELAY_KAFKA_REQUEST_TIMEOUT: "1s",
    });
    await underLoad(fixture, async () => {
      await publishes(relay, 20);
      const late = await hold((apiKey) => apiKey === API.endTxn);
      const identity = identityOfEndTxn(late.request);
      await publishes(relay, 5);
      // A later transaction with events waits before its own EndTxn, everything produced.
      const next = await hold(
        (apiKey, request) => apiKey === API.endTxn && identityOfEndTxn(request) !== identity,
      );
      const answer = await late.release();
      expect(errorOfEndTxn(answer, protocol === "v2")).toBe(PRODUCER_FENCED);
      await next.release();
      rig.heal();
    });
    await expectAllDelivered(fixture, relay);
  });

  it("a transaction that the broker aborts at its time-out is published again [34: L D O R]", async () => {
    await newFixture(3);
    const relay = await fixture.streaming({
      ...rig.settings,
      ...settings,
      RELAY_TRANSACTIONAL_IDS: "1",
      RELAY_TRANSACTION_TIMEOUT: "1s",
    });
    const id = `outbox-relay.${fixture.names.slot}-0`;
    await underLoad(fixture, async () => {
      await publishes(relay, 20);
      const held = await hold((apiKey) => apiKey === API.endTxn);
      await until(
        async () => (await requests.transactionState(id)) === "CompleteAbort",
        HOLD_DEADLINE_MS,
        "the broker to abort",
      );
      await held.release();
      rig.heal();
      await publishes(relay, 20);
    });
    await expectAllDelivered(fixture, relay);
    expect(relay.lines.filter(({ state }) => state === "failed" || state === "standby")).toEqual(
      [],
    );
  });

  it("ids that the brokers forgot while the outbox was idle are taken again [31, 33: L D O R]", async () => {
    await newFixture(1);
    const relay = await fixture.streaming({
      ...rig.settings,
      ...settings,
      RELAY_CHECKPOINT_INTERVAL: "1h",
    });
    for (let seq = 1; seq <= 4; seq++) await fixture.insert("k", `{"seq": ${seq}}`);
    await fixture.caughtUp(relay);
    const ids = [0, 1, 2].map((number) => `outbox-relay.${fixture.names.slot}-${number}`);
    await until(
      async () => {
        const states = await Promise.all(ids.map((id) => requests.transactionState(id)));
        const producers = await requests.activeProducers(fixture.topics[0] ?? "");
        return states.every((state) => state === null) && producers === 0;
      },
      HOLD_DEADLINE_MS,
      "the brokers to forget",
    );
    for (let seq = 5; seq <= 8; seq++) await fixture.insert("k", `{"seq": ${seq}}`);
    await expectAllDelivered(fixture, relay);
    expect(await fixture.read()).toHaveLength(8);
    expect(relay.output).toContain("INVALID_PRODUCER_ID_MAPPING");
  });
});

describe("in at-least-once delivery", () => {
  it("a producer id that the broker forgot while the outbox was idle loses nothing [31: L D O R]", async () => {
    await newFixture(1);
    const relay = await fixture.streaming({ ...rig.settings, RELAY_DELIVERY: "at-least-once" });
    for (let seq = 1; seq <= 4; seq++) await fixture.insert("k", `{"seq": ${seq}}`);
    await fixture.caughtUp(relay);
    await until(
      async () => (await requests.activeProducers(fixture.topics[0] ?? "")) === 0,
      HOLD_DEADLINE_MS,
      "the broker to forget",
    );
    for (let seq = 5; seq <= 8; seq++) await fixture.insert("k", `{"seq": ${seq}}`);
    await expectAllDelivered(fixture, relay);
    expect(await fixture.read()).toHaveLength(8);
  });
});

describe("a consumer that reads uncommitted records", () => {
  it("sees those of an aborted transaction as well, and one that reads committed ones does not [46: L D O]", async () => {
    await newFixture(3);
    const relay = await fixture.streaming(rig.settings);
    await underLoad(fixture, async () => {
      await publishes(relay, 20);
      // Twice, because an EndTxn may be repeated.
      rig.judge((apiKey) => (apiKey === API.endTxn && rig.proxy.cuts < 2 ? "cut-request" : "pass"));
      await until(() => rig.proxy.cuts >= 2, HOLD_DEADLINE_MS, "two EndTxn to be cut off");
    });
    await fixture.caughtUp(relay);
    const dirty = await readUncommitted(rig.kafka.brokers, fixture.topics);
    const { published, ...delivery } = await fixture.delivery();
    expect(delivery).toMatchObject(ALL_DELIVERED);
    expect(dirty.length).toBeGreaterThan(published);
    expect(new Set(dirty.map(({ headers }) => headers["id"])).size).toBe(published);
  });
});
