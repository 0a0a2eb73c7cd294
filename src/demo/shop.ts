import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type pg from "pg";
import { connect } from "./connection.ts";

const CLERKS = 4;
const CUSTOMERS = 40;
const ROLLBACK_SHARE = 0.08;

/** What happens to an order, in this order; the first event is always there. */
const EVENTS = ["OrderPlaced", "PaymentRequested", "StockReserved"] as const;

export const SHOP_SQL = `
  create table if not exists orders (
    id uuid primary key,
    customer text not null,
    amount numeric(10, 2) not null,
    placed_at timestamptz not null default now()
  );
  -- What a rollback leaves no trace of; written afterwards, in a transaction of its own.
  create table if not exists rolled_back_events (
    event_id uuid primary key,
    order_id uuid not null
  )`;

/**
 * The application of the demo: places orders, each in one ordinary transaction with its order row and one to three
 * outbox rows, and changes its mind about some. It knows nothing of Kafka.
 */
export class Shop {
  readonly #url: string;
  readonly #ordersPerSecond: number;
  readonly #stop = new AbortController();
  readonly #fail: (error: Error) => void;
  #clerks: Promise<unknown> = Promise.resolve();

  /** `fail` is told when a clerk cannot go on. */
  constructor(url: string, ordersPerSecond: number, fail: (error: Error) => void) {
    this.#url = url;
    this.#ordersPerSecond = ordersPerSecond;
    this.#fail = fail;
  }

  open(): void {
    const clerks = Array.from({ length: CLERKS }, (_, clerk) => this.#work(clerk));
    this.#clerks = Promise.all(clerks).catch((cause: unknown) => {
      const message = cause instanceof Error ? cause.message : String(cause);
      this.#fail(new Error(`the shop failed: ${message}`, { cause }));
    });
  }

  /** No more orders; resolves when the last transaction has ended. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#clerks;
  }

  async #work(clerk: number): Promise<void> {
    const client = await connect(this.#url, this.#fail);
    try {
      for (let order = 0; !this.#stop.signal.aborted; order++) {
        await this.#placeOrder(client, clerk, order);
        await delay((CLERKS * 1000) / this.#ordersPerSecond, undefined, {
          signal: this.#stop.signal,
        }).catch(
          () => undefined, // Closing time.
        );
      }
    } finally {
      await client.end();
    }
  }

  async #placeOrder(client: pg.Client, clerk: number, order: number): Promise<void> {
    // A customer is served by one clerk, so `seq` rises per customer in commit order.
    const customer = `customer-${clerk}-${order % (CUSTOMERS / CLERKS)}`;
    const amount = (10 + Math.random() * 500).toFixed(2);
    const events = EVENTS.slice(0, 1 + Math.floor(Math.random() * EVENTS.length));
    const isRolledBack = Math.random() < ROLLBACK_SHARE;
    const orderId = randomUUID();
    await client.query("begin");
    await client.query("insert into orders (id, customer, amount) values ($1, $2, $3)", [
      orderId,
      customer,
      amount,
    ]);
    const ids: string[] = [];
    for (const [i, type] of events.entries()) {
      const payload = { seq: order * EVENTS.length + i, amount: Number(amount) };
      ids.push(await this.#announce(client, customer, type, payload));
    }
    await client.query(isRolledBack ? "rollback" : "commit");
    if (isRolledBack) await this.#noteRollback(client, orderId, ids);
  }

  async #announce(
    client: pg.Client,
    customer: string,
    type: string,
    payload: Readonly<Record<string, number>>,
  ): Promise<string> {
    const { rows } = await client.query<{ id: string }>(
      "insert into outbox (aggregatetype, aggregateid, type, payload) values ('order', $1, $2, $3) returning id::text",
      [customer, type, JSON.stringify(payload)],
    );
    return rows[0]?.id ?? "";
  }

  async #noteRollback(client: pg.Client, orderId: string, ids: readonly string[]): Promise<void> {
    await client.query(
      "insert into rolled_back_events (event_id, order_id) select unnest($1::uuid[]), $2",
      [ids, orderId],
    );
  }
}
