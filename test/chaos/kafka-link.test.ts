import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { KafkaRig } from "../support/chaos/kafka-rig.ts";
import { expectAllDelivered, publishes } from "../support/chaos/load.ts";
import { underLoad } from "../support/chaos/under-load.ts";
import { API, walkProduceAnswer } from "../support/kafka-frames.ts";
import type { Verdict } from "../support/kafka-proxy.ts";
import { RelayFixture } from "../support/relay/fixture.ts";
import type { RelayProcess } from "../support/relay/relay-process.ts";
import { until } from "../support/until.ts";

const STRIKE_DEADLINE_MS = 30_000;

let rig: KafkaRig;

beforeAll(async () => {
  rig = await KafkaRig.start();
}, 180_000);

afterAll(() => rig?.stop());

/** Does this to one request of the kind, once the relay publishes, and waits until it has come. */
async function strike(relay: RelayProcess, apiKey: number, verdict: Verdict): Promise<void> {
  await publishes(relay, 20);
  let hasStruck = false;
  rig.judge((key) => {
    if (key !== apiKey || hasStruck) return "pass";
    hasStruck = true;
    return verdict;
  });
  await until(() => hasStruck, STRIKE_DEADLINE_MS, `request ${apiKey} to ${verdict}`);
}

/** One Produce that the broker carried out is answered with `error` for every partition of the events. */
async function refuse(relay: RelayProcess, error: number): Promise<void> {
  await publishes(relay, 20);
  let refused = 0;
  rig.edit((apiKey, answer) => {
    if (apiKey !== API.produce || refused > 0) return answer;
    walkProduceAnswer(answer, (one) => {
      if (one.topic.startsWith("outbox-relay.")) return;
      one.error = error;
      refused += 1;
    });
    return answer;
  });
  await until(() => refused > 0, STRIKE_DEADLINE_MS, `an answer to become ${error}`);
}

describe.each(["v1", "v2"])(
  "under load, in transaction protocol %s, all is well when",
  (protocol) => {
    let fixture: RelayFixture;
    let relay: RelayProcess;

    beforeAll(async () => {
      fixture = await RelayFixture.create("link", { brokers: rig.kafka.brokers });
      relay = await fixture.streaming({
        ...rig.settings,
        RELAY_TRANSACTION_PROTOCOL: protocol,
        RELAY_KAFKA_REQUEST_TIMEOUT: "2s",
        RELAY_RETRY_MAX: "500ms",
      });
    });

    afterAll(() => fixture.close());
    afterEach(() => rig.heal());

    async function expectAllDeliveredDespite(...faults: (() => Promise<void>)[]): Promise<void> {
      await underLoad(fixture, async () => {
        for (const fault of faults) await fault();
        rig.heal();
      });
      await expectAllDelivered(fixture, relay);
    }

    it("the connection is reset before, inside and after a Produce [20: L D O R]", async () => {
      const reset = async (bytes: number): Promise<void> => {
        await publishes(relay, 20);
        const { cuts } = rig.wire;
        rig.wire.cutAfter(bytes, "to-server");
        await until(() => rig.wire.cuts > cuts, STRIKE_DEADLINE_MS, "the reset");
      };
      const resetAtProduce = async (): Promise<void> => {
        await publishes(relay, 20);
        let isDone = false;
        rig.judge((apiKey) => {
          if (apiKey !== API.produce || isDone) return "pass";
          isDone = true;
          rig.wire.cut();
          return "swallow";
        });
        await until(() => isDone, STRIKE_DEADLINE_MS, "a Produce");
      };
      const sizes = Array.from({ length: 4 }, () => 1 + Math.floor(Math.random() * 3_000));
      process.stdout.write(`cut after ${sizes.join(", ")} bytes\n`);
      await expectAllDeliveredDespite(resetAtProduce, ...sizes.map((size) => () => reset(size)));
    });

    it("an answer to Produce is lost with its connection, or alone [21: L D O R]", async () => {
      await expectAllDeliveredDespite(
        () => strike(relay, API.produce, "cut-answer"),
        () => strike(relay, API.produce, "swallow-answer"),
        () => strike(relay, API.produce, "cut-answer"),
      );
    });

    it("an answer to EndTxn is lost with its connection, or alone [22: L D O R]", async () => {
      await expectAllDeliveredDespite(
        () => strike(relay, API.endTxn, "cut-answer"),
        () => strike(relay, API.endTxn, "swallow-answer"),
        () => strike(relay, API.endTxn, "cut-answer"),
      );
    });

    it("a broker says that too few replicas are left, after it appended [30: L D O R]", async () => {
      await expectAllDeliveredDespite(() => refuse(relay, 20));
      expect(relay.output).toContain("NOT_ENOUGH_REPLICAS_AFTER_APPEND");
    });

    it("a broker says that it does not know the producer id [31: L D O R]", async () => {
      await expectAllDeliveredDespite(() => refuse(relay, 59));
      expect(relay.output).toContain("UNKNOWN_PRODUCER_ID");
    });

    it("a broker says that the sequence is out of order [32: L D O R]", async () => {
      await expectAllDeliveredDespite(() => refuse(relay, 45));
      expect(relay.output).toContain("OUT_OF_ORDER_SEQUENCE_NUMBER");
    });
  },
);
