import pg from "pg";
import { systemClock } from "../../../../src/ops/system-clock.ts";
import { pause } from "../../../../src/relay/clock.ts";
import { withClient } from "../../../support/services.ts";
import { eventIds, transactionScript } from "../plan/transaction-script.ts";
import { runTransaction } from "./run-transaction.ts";

export const WRITERS = 10;
const RECONNECT_PAUSE_MS = 100;

/** Writers at work, and the journal of what Postgres told them. They reach it directly, so only its own ends break them. */
export class Load {
  readonly #url: string;
  readonly #seed: number;
  readonly #stop = new AbortController();
  #running: Promise<unknown> = Promise.resolve();
  /** Ids whose COMMIT was answered. */
  readonly acknowledged = new Set<string>();
  /** Transactions that broke off; of those in COMMIT nobody knows whether they took place. */
  broken = 0;
  transactions = 0;

  constructor(url: string, seed: number) {
    this.#url = url;
    this.#seed = seed;
  }

  start(): void {
    this.#running = Promise.all(Array.from({ length: WRITERS }, (_, i) => this.#write(i)));
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #write(writer: number): Promise<void> {
    const { signal } = this.#stop;
    const next = { number: 0 };
    while (!signal.aborted) {
      const client = new pg.Client({ connectionString: this.#url });
      client.on("error", () => undefined);
      try {
        await client.connect();
        while (!signal.aborted) await this.#transaction(client, writer, next);
      } catch {
        await pause(systemClock, RECONNECT_PAUSE_MS, signal);
      } finally {
        await client.end().catch(() => undefined);
      }
    }
  }

  /** Each script is run once: what becomes of it is Postgres's to tell. */
  async #transaction(client: pg.Client, writer: number, next: { number: number }): Promise<void> {
    const script = transactionScript(this.#seed, writer, next.number++);
    try {
      if (!(await runTransaction(client, script))) return;
      for (const id of eventIds(script)) this.acknowledged.add(id);
    } catch (error) {
      this.broken += 1;
      throw error;
    } finally {
      this.transactions += 1;
    }
  }
}

/** Commits every other one that a broken connection left prepared, and rolls back the rest: they hold WAL back. */
export async function resolvePrepared(url: string): Promise<void> {
  await withClient(url, async (client) => {
    const { rows } = await client.query<{ gid: string }>(
      "select gid from pg_prepared_xacts where database = current_database() order by gid",
    );
    for (const [i, { gid }] of rows.entries()) {
      await client.query(`${i % 2 === 0 ? "commit" : "rollback"} prepared '${gid}'`);
    }
  });
}
