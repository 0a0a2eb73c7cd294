import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";

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
  )`;

/**
 * The application of the demo: places orders, each in one ordinary transaction with its order row and one to three
 * outbox rows, and changes its mind about some. It knows nothing of Kafka.
 */
export class Shop {
  readonly #url: string;
  readonly #ordersPerSecond: number;
  readonly #stop = new AbortController();
  #clerks: Promise<unknown> = Promise.resolve();
  #placed = 0;
  readonly rolledBackEventIds: string[] = [];
  #rolledBack = 0;

  constructor(url: string, ordersPerSecond: number) {
    this.#url = url;
    this.#ordersPerSecond = ordersPerSecond;
  }

  get placed(): number {
    return this.#placed;
  }

  get rolledBack(): number {
    return this.#rolledBack;
  }

  open(): void {
    this.#clerks = Promise.all(Array.from({ length: CLERKS }, (_, clerk) => this.#work(clerk)));
  }

  /** No more orders; resolves when the last transaction has ended. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#clerks;
  }

  async #work(clerk: number): Promise<void> {
    const client = new pg.Client({ connectionString: this.#url });
    await client.connect();
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
    await client.query("begin");
    await client.query("insert into orders (id, customer, amount) values ($1, $2, $3)", [
      randomUUID(),
      customer,
      amount,
    ]);
    const ids: string[] = [];
    for (const [i, type] of events.entries()) {
      const payload = `{"seq": ${order * EVENTS.length + i}, "amount": ${amount}}`;
      const { rows } = await client.query<{ id: string }>(
        "insert into outbox (aggregatetype, aggregateid, type, payload) values ('order', $1, $2, $3) returning id::text",
        [customer, type, payload],
      );
      ids.push(rows[0]?.id ?? "");
    }
    await client.query(isRolledBack ? "rollback" : "commit");
    if (isRolledBack) {
      this.#rolledBack += 1;
      this.rolledBackEventIds.push(...ids);
    } else this.#placed += 1;
  }
}
