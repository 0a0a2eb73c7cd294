import type { Consumer, EachMessagePayload, Kafka } from "kafkajs";
import type pg from "pg";
import { connect } from "./connection.ts";

export const GROUPS = ["payment", "inventory", "notification"] as const;

/** A consumer that is stopped waits for the answer to its last fetch. */
export const FETCH_WAIT_MS = 200;

/** The client gets over some errors by a fresh start, such as a coordinator that a young broker is still loading. */
const RESTARTS_MAX = 3;

export interface ConsumerGroupParts {
  readonly kafka: Kafka;
  readonly groupId: string;
  readonly url: string;
  readonly topic: string;
  /** Told when it cannot go on. */
  readonly fail: (error: Error) => void;
}

/**
 * A service behind the topic: reads committed records and books each in its inbox table, whose primary key is the event
 * id, so that a record read twice takes effect once.
 */
export class ConsumerGroup {
  readonly name: string;
  readonly #parts: ConsumerGroupParts;
  #client: pg.Client | null = null;
  #consumer: Consumer | null = null;

  constructor(name: string, parts: ConsumerGroupParts) {
    this.name = name;
    this.#parts = parts;
  }

  get isRunning(): boolean {
    return this.#consumer !== null;
  }

  static inboxSql(name: string): string {
    return `create table if not exists inbox_${name} (
      event_id uuid primary key,
      type text not null,
      position text not null,
      received_at timestamptz not null default now()
    )`;
  }

  async start(): Promise<void> {
    const { kafka, groupId, url, topic, fail } = this.#parts;
    const client = await connect(url, fail);
    this.#client = client;
    const consumer = kafka.consumer({
      groupId,
      readUncommitted: false,
      maxWaitTimeInMs: FETCH_WAIT_MS,
    });
    this.#consumer = consumer;
    let restarts = 0;
    consumer.on(consumer.events.CRASH, ({ payload: { restart, error } }) => {
      restarts += 1;
      if (!restart || restarts > RESTARTS_MAX) this.#onError(consumer, error);
    });
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      eachMessage: async (message) => {
        try {
          await this.#book(client, message);
        } catch (error) {
          this.#onError(consumer, error); // Told now: the client would try again for a while.
          throw error;
        }
      },
    });
  }

  async stop(): Promise<void> {
    const [consumer, client] = [this.#consumer, this.#client];
    this.#consumer = null;
    this.#client = null;
    await consumer?.disconnect();
    await client?.end();
  }

  /** The effect and the inbox row are one transaction; here the inbox row is the effect. */
  async #book(client: pg.Client, { message }: EachMessagePayload): Promise<void> {
    const { id, type, position } = message.headers ?? {};
    await client.query(
      `insert into inbox_${this.name} (event_id, type, position) values ($1, $2, $3) on conflict do nothing`,
      [String(id), String(type), String(position)],
    );
  }

  #onError(consumer: Consumer, cause: unknown): void {
    if (this.#consumer !== consumer) return; // It was stopped, and what it says no longer counts.
    const message = cause instanceof Error ? cause.message : String(cause);
    this.#parts.fail(new Error(`the consumer of ${this.name} failed: ${message}`, { cause }));
  }
}
