import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import type { EmbeddedKafka } from "../../../src/demo/services/embedded-kafka.ts";
import { startKafka } from "../../../src/demo/services/embedded-kafka.ts";
import type { KafkaSink } from "../../../src/kafka/kafka-sink.ts";
import { RelayError } from "../../../src/relay/errors.ts";
import { readCommitted } from "../../support/relay/topic-reader.ts";
import { createTopics, kafkaClient, uniqueName, until } from "../../support/services.ts";
import { batch, GO_ON, record, Sinks } from "./sinks.ts";

const BATCHES = 600;
const RECORDS = 5;
const REOPEN_DEADLINE_MS = 60_000;

let cluster: EmbeddedKafka;
let sinks: Sinks;

beforeAll(async () => {
  cluster = await startKafka({ brokers: 3 });
}, 180_000);

afterAll(() => cluster?.stop());
afterEach(() => sinks.close());

/** As the relay does it: several batches in flight; after a failure the checkpoint says where to go on. */
class Stream {
  reopenings = 0;
  readonly #sink: KafkaSink;
  readonly #topic: string;
  #next = 0;
  durable = 0;

  constructor(sink: KafkaSink, topic: string) {
    this.#sink = sink;
    this.#topic = topic;
  }

  async run(progressed: (batches: number) => Promise<void>): Promise<void> {
    while (this.durable < BATCHES) {
      const failure = await this.#publish(progressed);
      if (failure === null) continue;
      expect(failure).toMatchObject({ remedy: "reopen" });
      await this.#reopen();
    }
  }

  async #publish(progressed: (batches: number) => Promise<void>): Promise<unknown> {
    const inFlight: Promise<unknown>[] = [];
    let failure: unknown = null;
    while (this.#next < BATCHES && failure === null) {
      const number = this.#next++;
      const publishing = this.#sink.publish(this.#batch(number)).then(
        () => void (this.durable = number + 1),
        (error: unknown) => void (failure ??= error),
      );
      inFlight.push(publishing);
      if (inFlight.length >= this.#sink.inFlightMax) await inFlight.shift();
      await progressed(this.durable);
    }
    await Promise.all(inFlight);
    return failure;
  }

  #batch(number: number) {
    const records = Array.from({ length: RECORDS }, (_, i) => {
      return record(this.#topic, `key-${(number + i) % 11}`, String(number * RECORDS + i));
    });
    return batch(records, String(number + 1));
  }

  async #reopen(): Promise<void> {
    this.reopenings += 1;
    let stored: string | null = null;
    const attempt = async (): Promise<boolean> => {
      try {
        stored = Buffer.from((await this.#sink.open(GO_ON)) ?? []).toString();
        await this.#sink.learn([this.#topic], false, GO_ON);
        return true;
      } catch (error) {
        if (error instanceof RelayError && error.remedy !== "standby") return false;
        throw error;
      }
    };
    await until(attempt, REOPEN_DEADLINE_MS, "Kafka to come back");
    this.#next = Number(stored);
    expect(this.#next).toBeGreaterThanOrEqual(this.durable);
    this.durable = this.#next;
  }
}

describe.each(["v1", "v2"] as const)(
  "a cluster of three that loses a broker, in protocol %s",
  (protocol) => {
    it("keeps every record once and in order", async () => {
      const { brokers } = cluster;
      sinks = new Sinks({ brokers, transactionProtocol: protocol });
      const topic = uniqueName("events");
      await createTopics([topic], { partitions: 6 }, kafkaClient([...brokers]));
      const { sink } = await sinks.open();
      await sink.learn([topic], false, GO_ON);
      const stream = new Stream(sink, topic);
      const victim = protocol === "v1" ? 0 : 1;
      let isKilled = false;
      await stream.run(async (batches) => {
        if (batches < BATCHES / 3 || isKilled) return;
        isKilled = true;
        await cluster.kill(victim);
      });
      await cluster.start(victim);
      expect(stream.reopenings).toBeGreaterThan(0);
      const read = await readCommitted(brokers, [topic]);
      const numbers = read.map(({ value }) => Number(value));
      expect(numbers.toSorted((a, b) => a - b)).toEqual([...Array(BATCHES * RECORDS).keys()]);
      const last = new Map<number, number>();
      for (const { partition, value } of read) {
        expect(Number(value)).toBeGreaterThan(last.get(partition) ?? -1);
        last.set(partition, Number(value));
      }
    }, 180_000);
  },
);
