import type { Consumer, EachMessagePayload, Kafka } from "kafkajs";
import pg from "pg";

/**
 * A service behind the topic: reads committed records and books each in its inbox table, whose primary key is the event
 * id, so that a record read twice takes effect once.
 */
export class ConsumerGroup {
  readonly name: string;
  readonly #kafka: Kafka;
  readonly #groupId: string;
  readonly #url: string;
  readonly #topic: string;
  #client: pg.Client | null = null;
  #consumer: Consumer | null = null;
  #consumed = 0;

  constructor(name: string, kafka: Kafka, where: { groupId: string; url: string; topic: string }) {
    this.name = name;
    this.#kafka = kafka;
    this.#groupId = where.groupId;
    this.#url = where.url;
    this.#topic = where.topic;
  }

  get isRunning(): boolean {
    return this.#consumer !== null;
  }

  /** Records booked by this process, for the live counters only. */
  get consumed(): number {
    return this.#consumed;
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
    const client = new pg.Client({ connectionString: this.#url });
    await client.connect();
    const consumer = this.#kafka.consumer({ groupId: this.#groupId, readUncommitted: false });
    this.#client = client;
    this.#consumer = consumer;
    await consumer.connect();
    await consumer.subscribe({ topic: this.#topic, fromBeginning: true });
    await consumer.run({ eachMessage: (message) => this.#book(client, message) });
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
    const { rowCount } = await client.query(
      `insert into inbox_${this.name} (event_id, type, position) values ($1, $2, $3) on conflict do nothing`,
      [String(id), String(type), String(position)],
    );
    this.#consumed += rowCount ?? 0;
  }
}
