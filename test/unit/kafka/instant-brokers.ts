import type { BrokerId, BrokerRequest, Lane } from "../../../src/kafka/broker-channel.ts";
import { IdempotentProducer } from "../../../src/kafka/idempotent-producer.ts";
import { TransactionalId } from "../../../src/kafka/transactional-id.ts";
import { TransactionalProducer } from "../../../src/kafka/transactional-producer.ts";
import type { SentRequest } from "./scripted-brokers.ts";
import { endedV5, produced, ScriptedBrokers, sentPartitions } from "./scripted-brokers.ts";
import { NOBODY, scriptedParts, share } from "./scripted-producers.ts";

const EPOCHS = 30_000;
const API_PRODUCE = 0;
const API_END_TXN = 26;
const IDENTITY = { producerId: 100n, epoch: 0 };

export const DELIVERIES = ["at-least-once", "exactly-once"] as const;

/** Answers at once and keeps nothing. */
class InstantBrokers extends ScriptedBrokers {
  #epoch = 0;

  override request(
    broker: BrokerId,
    lane: Lane,
    request: BrokerRequest,
    sent: () => void = NOBODY,
  ): Promise<Buffer> {
    const { apiKey, payload } = request;
    if (apiKey === API_PRODUCE) {
      sent();
      return Promise.resolve(produced(sentPartitions({ payload } as unknown as SentRequest)));
    }
    if (apiKey === API_END_TXN) {
      sent();
      this.#epoch = (this.#epoch + 1) % EPOCHS;
      return Promise.resolve(endedV5(0, IDENTITY.producerId, this.#epoch));
    }
    return super.request(broker, lane, request, sent);
  }
}

/** Publishes one batch of one event each time that it is called. */
export async function instantProducer(
  delivery: (typeof DELIVERIES)[number],
): Promise<() => Promise<void>> {
  const parts = await scriptedParts(new InstantBrokers(3));
  if (delivery === "at-least-once") {
    const id = new TransactionalId("id", 1, IDENTITY);
    const limits = { retryMs: 1_000, epochMs: Infinity };
    const producer = new IdempotentProducer(parts, parts.cluster, id, limits);
    return () => producer.publish([[share(0)]], [share(2)], NOBODY);
  }
  const ids = [0, 1, 2].map((turn) => new TransactionalId(`id-${turn}`, 1, IDENTITY));
  const producer = new TransactionalProducer(parts, "v2", ids, true);
  return () => producer.publish([[share(0), share(2)]], NOBODY);
}

/** Some at a time, so that what waits for the next turn gets its own. */
export async function publishMany(publish: () => Promise<void>, batches: number): Promise<void> {
  for (let done = 0; done < batches; done++) {
    await publish();
    if (done % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
}
