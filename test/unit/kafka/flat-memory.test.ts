import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "@jest/globals";
import type { BrokerId, BrokerRequest, Lane } from "../../../src/kafka/broker-channel.ts";
import { IdempotentProducer } from "../../../src/kafka/idempotent-producer.ts";
import { TransactionalId } from "../../../src/kafka/transactional-id.ts";
import { TransactionalProducer } from "../../../src/kafka/transactional-producer.ts";
import type { SentRequest } from "./scripted-brokers.ts";
import { endedV5, produced, ScriptedBrokers, sentPartitions } from "./scripted-brokers.ts";
import { NOBODY, scriptedParts, share } from "./scripted-producers.ts";

const EPOCHS = 30_000;
const BATCHES = 40_000;
/** A promise takes 32 bytes and more, so that one kept for each batch is twice as much as this. */
const BYTES_A_BATCH_MAX = 16;
const API_END_TXN = 26;

/** Answers at once and keeps nothing. */
class InstantBrokers extends ScriptedBrokers {
  #epoch = 0;

  override request(
    broker: BrokerId,
    lane: Lane,
    request: BrokerRequest,
    sent: () => void = NOBODY,
  ): Promise<Buffer> {
    if (request.apiKey === 0) {
      sent();
      return Promise.resolve(
        produced(sentPartitions({ payload: request.payload } as unknown as SentRequest)),
      );
    }
    if (request.apiKey === API_END_TXN) {
      sent();
      this.#epoch = (this.#epoch + 1) % EPOCHS;
      return Promise.resolve(endedV5(0, 100n, this.#epoch));
    }
    return super.request(broker, lane, request, sent);
  }
}

const parts = await scriptedParts(new InstantBrokers(3));
const identity = { producerId: 100n, epoch: 0 };

function atLeastOnce(): () => Promise<void> {
  const id = new TransactionalId("id", 1, identity);
  const limits = { retryMs: 1_000, epochMs: Infinity };
  const producer = new IdempotentProducer(parts, parts.cluster, id, limits);
  return () => producer.publish([[share(0)]], [share(2)], NOBODY);
}

function exactlyOnce(): () => Promise<void> {
  const ids = [0, 1, 2].map((turn) => new TransactionalId(`id-${turn}`, 1, identity));
  const producer = new TransactionalProducer(parts, "v2", ids, true);
  return () => producer.publish([[share(0), share(2)]], NOBODY);
}

/** What is in use once all that nobody needs is collected. */
function heapBytes(): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}

async function publishAll(publish: () => Promise<void>, batches: number): Promise<void> {
  for (let done = 0; done < batches; done++) {
    await publish();
    if (done % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
}

describe("memory of the produce path", () => {
  it.each([
    ["at-least-once", atLeastOnce],
    ["exactly-once", exactlyOnce],
  ] as const)("is flat over many batches with %s delivery", async (_, open) => {
    const publish = open();
    await publishAll(publish, BATCHES / 4);
    const before = heapBytes();
    await publishAll(publish, BATCHES);
    expect((heapBytes() - before) / BATCHES).toBeLessThan(BYTES_A_BATCH_MAX);
  });
});
