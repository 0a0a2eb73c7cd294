import { randomUUID } from "node:crypto";
import pg from "pg";
import { randomFrom } from "../random.ts";

export interface WorkloadOptions {
  readonly writers?: number;
  readonly seed?: number;
  readonly route?: string;
  /** Longest pause between two rows of a transaction, ms. */
  readonly pauseMsMax?: number;
}

/**
 * Writers that run until stopped: 1 to 5 rows a transaction with pauses inside, a tenth rolled back, savepoints, now and
 * then some hundred rows at once. Each writer has keys of its own, so `seq` in the payload rises per key in commit order.
 * Connections that break are opened again; the table tells what was committed.
 */
export class Workload {
  readonly #url: string;
  /** Two workloads on one table have no key in common. */
  readonly #name = randomUUID().slice(0, 8);
  readonly #options: Required<WorkloadOptions>;
  readonly #stop = new AbortController();
  #running: Promise<unknown> = Promise.resolve();
  #transactions = 0;

  constructor(url: string, options: WorkloadOptions = {}) {
    this.#url = url;
    this.#options = { writers: 8, seed: 1, route: "order", pauseMsMax: 30, ...options };
  }

  /** Transactions ended so far, committed or rolled back. */
  get transactions(): number {
    return this.#transactions;
  }

  start(): void {
    const { writers } = this.#options;
    this.#running = Promise.all(Array.from({ length: writers }, (_, i) => this.#write(i)));
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #write(writer: number): Promise<void> {
    const random = randomFrom(this.#options.seed * 1000 + writer);
    const seq = { last: 0 };
    while (!this.#stop.signal.aborted) {
      const client = new pg.Client({ connectionString: this.#url });
      client.on("error", () => undefined);
      try {
        await client.connect();
        while (!this.#stop.signal.aborted) {
          await this.#transaction(client, writer, seq, random);
          this.#transactions += 1;
        }
      } catch {
        await this.#breathe();
      } finally {
        await client.end().catch(() => undefined);
      }
    }
  }

  /** A server that is away refuses at once; asking it without a break would starve everybody else. */
  #breathe(): Promise<void> {
    return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  }

  async #transaction(
    client: pg.Client,
    writer: number,
    seq: { last: number },
    random: () => number,
  ): Promise<void> {
    const { route, pauseMsMax } = this.#options;
    const rows = random() < 0.02 ? 300 : 1 + Math.floor(random() * 5);
    await client.query("begin");
    for (let row = 0; row < rows; row++) {
      const key = `${route}-${this.#name}-${writer}-${Math.floor(random() * 2)}`;
      // Never used again, even if the commit's answer is lost and the commit is not.
      seq.last += 1;
      const payload = JSON.stringify({
        seq: seq.last,
        text: "Grüße 世界",
        fill: "x".repeat(random() * 300),
      });
      await client.query(
        "insert into outbox (aggregatetype, aggregateid, type, payload) values ($1, $2, 'Written', $3)",
        [route, key, payload],
      );
      if (rows < 10) await client.query("select pg_sleep($1)", [(random() * pauseMsMax) / 1000]);
    }
    if (random() < 0.1) await rolledBackSavepoint(client, route);
    await client.query(random() < 0.1 ? "rollback" : "commit");
  }
}

async function rolledBackSavepoint(client: pg.Client, route: string): Promise<void> {
  await client.query("savepoint s");
  await client.query(
    "insert into outbox (aggregatetype, aggregateid, type, payload) values ($1, 'never', 'Never', '{}')",
    [route],
  );
  await client.query("rollback to savepoint s");
}
