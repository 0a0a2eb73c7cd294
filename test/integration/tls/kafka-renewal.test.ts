import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type {
  BrokerAddress,
  BrokerChannel,
  BrokerId,
  BrokerRequest,
  Lane,
} from "../../../src/kafka/broker-channel.ts";
import type { KafkaSaslOptions } from "../../../src/kafka/kafkajs-config.ts";
import { readCommitted } from "../../support/relay/topic-reader.ts";
import { createTopics, kafkaClient, uniqueName } from "../../support/services.ts";
import type { SinkSettings } from "../kafka/sinks.ts";
import { batch, GO_ON, record, Sinks } from "../kafka/sinks.ts";
import type { SecureKafka } from "./secure-kafka.ts";
import { passwordListener, SCRAM_PASSWORD, startSecureKafka, USER } from "./secure-kafka.ts";

const SESSION_MS = 3_000;
const LOAD_MS = 3.5 * SESSION_MS;
const SCRAM: KafkaSaslOptions = {
  mechanism: "SCRAM-SHA-512",
  username: USER,
  password: SCRAM_PASSWORD,
};

let secure: SecureKafka;
let sinks: Sinks;

beforeAll(async () => {
  secure = await startSecureKafka({
    listeners: async (files) => [await passwordListener(files, "SHORT", SESSION_MS)],
  });
});

afterAll(async () => {
  await secure.stop();
});

beforeEach(() => {
  sinks = new Sinks({
    brokers: secure.kafka.listenerBrokers("SHORT"),
    tls: secure.tls,
    sasl: SCRAM,
  });
});

afterEach(async () => {
  await sinks.close();
});

/** Notes every request that was not answered, as those on a connection that breaks. */
class WatchedChannel implements BrokerChannel {
  readonly lost: unknown[] = [];
  readonly #channel: BrokerChannel;

  constructor(channel: BrokerChannel) {
    this.#channel = channel;
  }

  get isReachable(): boolean {
    return this.#channel.isReachable;
  }

  get connectedBrokers(): number {
    return this.#channel.connectedBrokers;
  }

  request(
    broker: BrokerId,
    lane: Lane,
    request: BrokerRequest,
    sent?: () => void,
  ): Promise<Buffer> {
    return this.#channel.request(broker, lane, request, sent).catch((error: unknown) => {
      this.lost.push(error);
      throw error;
    });
  }

  setBrokers(brokers: readonly BrokerAddress[]): void {
    this.#channel.setBrokers(brokers);
  }

  close(): void {
    this.#channel.close();
  }
}

/** Publishes one batch after the other, several at a time, and answers how many there were. */
async function load(topic: string, settings: SinkSettings): Promise<number> {
  const { sink } = await sinks.open(settings);
  await sink.learn([topic], true, GO_ON);
  const endMs = performance.now() + LOAD_MS;
  let sent = 0;
  const lane = async (): Promise<void> => {
    while (performance.now() < endMs) {
      sent += 1;
      const number = String(sent);
      await sink.publish(batch([record(topic, "key", number)], number));
    }
  };
  await Promise.all([lane(), lane()]);
  return sent;
}

describe("a session that the broker wants renewed every three seconds", () => {
  it.each(["exactly-once", "at-least-once"] as const)(
    "goes on under load without a broken connection, in order: %s",
    async (delivery) => {
      const topic = uniqueName("renewal");
      await createTopics([topic], {}, kafkaClient([...secure.kafka.brokers]));
      const watched: WatchedChannel[] = [];
      const front = (channel: BrokerChannel): BrokerChannel => {
        const one = new WatchedChannel(channel);
        watched.push(one);
        return one;
      };
      const sent = await load(topic, { delivery, front });
      expect(watched.map(({ lost }) => lost)).toEqual([[]]);
      const values = (await readCommitted(secure.kafka.brokers, [topic])).map(({ value }) =>
        Number(value),
      );
      expect(sent).toBeGreaterThan(100);
      expect(values).toEqual(Array.from({ length: sent }, (_, index) => index + 1));
    },
  );
});
