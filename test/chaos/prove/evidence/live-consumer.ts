import { randomUUID } from "node:crypto";
import type { Consumer } from "kafkajs";
import { Kafka, logLevel } from "kafkajs";
import "../../../../src/kafka/kafkajs-timers.ts";
import { systemClock } from "../../../../src/ops/system-clock.ts";
import { pause } from "../../../../src/relay/clock.ts";
import type { ReadRecord } from "../../../support/relay/topic-reader.ts";
import { MARKER, readRecord } from "../../../support/relay/topic-reader.ts";

const RESTART_PAUSE_MS = 300;
const COMMIT_INTERVAL_MS = 1_000;

/**
 * A read_committed consumer that reads along and, like any group, goes on where it last committed: what it reads again
 * after a fault has the same place in the log. It starts again whenever its client gives up.
 */
export class LiveConsumer {
  readonly #kafka: Kafka;
  readonly #topics: readonly string[];
  readonly #take: (record: ReadRecord) => void;
  readonly #groupId = `prove-${randomUUID()}`;
  readonly #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(
    brokers: readonly string[],
    topics: readonly string[],
    take: (record: ReadRecord) => void,
  ) {
    this.#kafka = new Kafka({
      clientId: "prove-live",
      brokers: [...brokers],
      logLevel: logLevel.NOTHING,
      requestTimeout: 5_000,
    });
    this.#topics = topics;
    this.#take = take;
  }

  start(): void {
    this.#running = this.#keepRunning();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #keepRunning(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const consumer = this.#kafka.consumer({
        groupId: this.#groupId,
        readUncommitted: false,
        maxWaitTimeInMs: 100,
        sessionTimeout: 10_000,
        retry: { retries: 3, restartOnFailure: () => Promise.resolve(false) },
      });
      try {
        await this.#untilCrash(consumer);
      } catch {
        // The brokers are away; it tries again below.
      } finally {
        await consumer.disconnect().catch(() => undefined);
      }
      await pause(systemClock, RESTART_PAUSE_MS, signal);
    }
  }

  async #untilCrash(consumer: Consumer): Promise<void> {
    await consumer.connect();
    await consumer.subscribe({ topics: [...this.#topics], fromBeginning: true });
    const over = new Promise<void>((resolve) => {
      consumer.on(consumer.events.CRASH, () => resolve());
      this.#stop.signal.addEventListener("abort", () => resolve(), { once: true });
    });
    await consumer.run({
      autoCommitInterval: COMMIT_INTERVAL_MS,
      eachMessage: ({ topic, partition, message }) => {
        if (message.headers?.[MARKER] === undefined) {
          this.#take(readRecord(topic, partition, message));
        }
        return Promise.resolve();
      },
    });
    await over;
  }
}
