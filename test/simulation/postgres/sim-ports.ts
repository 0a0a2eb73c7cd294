import type { CatalogAnswer, CatalogQuestion } from "../../../src/relay/capture/catalog-lookup.ts";
import type {
  BackfillStream,
  ReplicationSource,
  ReplicationStream,
  RowsBesideSlot,
  StreamHandlers,
} from "../../../src/relay/capture/replication-stream.ts";
import type {
  SlotFacts,
  SourceDatabase,
  Vantage,
} from "../../../src/relay/capture/source-database.ts";
import { pause } from "../../../src/relay/clock.ts";
import type { Finding } from "../../../src/relay/finding.ts";
import type { Watermark } from "../../../src/relay/watermark.ts";
import type { SimProcess } from "../engine/sim-process.ts";
import { unreachable } from "./sim-errors.ts";
import type { SimPostgres } from "./sim-postgres.ts";

/** A process's connections to the model Postgres: everything takes time, and fails while the server is away. */
export class SimSource implements ReplicationSource, SourceDatabase {
  readonly #postgres: SimPostgres;
  readonly #process: SimProcess;
  readonly #slot: string;

  constructor(postgres: SimPostgres, process: SimProcess, slot: string) {
    this.#postgres = postgres;
    this.#process = process;
    this.#slot = slot;
  }

  /** Who the server is, it tells before the slot is asked for; others may have the slot in between. */
  async open(handlers: StreamHandlers, signal: AbortSignal): Promise<ReplicationStream> {
    const { wal } = this.#postgres;
    const told = await this.#ask(() => ({ timeline: wal.timeline, xlogPos: wal.end }));
    const { clock } = this.#postgres;
    // A slow link, or a process that gets no time.
    if (clock.random() < 0.3) await pause(this.#process, clock.random() * 300, signal);
    return this.#ask(() => {
      if (wal.timeline !== told.timeline) throw unreachable();
      return this.#postgres.stream(handlers, this.#process, told.xlogPos);
    });
  }

  async preflight(): Promise<readonly Finding[]> {
    try {
      return await this.#ask(() => []);
    } catch {
      const { code, message, hint } = unreachable();
      return [{ code, message, hint, severity: "retry" }];
    }
  }

  slot(): Promise<SlotFacts | null> {
    return this.#ask(() => this.#postgres.slot(this.#slot));
  }

  createSlot(): Promise<void> {
    return this.#ask(() => this.#postgres.createSlot());
  }

  dropSlot(): Promise<void> {
    return this.#ask(() => this.#postgres.dropSlot());
  }

  reserve(): Promise<boolean> {
    return this.#ask(() => this.#postgres.reserve(this.#process));
  }

  async release(): Promise<void> {
    await this.#ask(() => this.#postgres.release(this.#process)).catch(() => undefined);
  }

  countUp(): Promise<null> {
    return Promise.resolve(null);
  }

  vantage(): Promise<Vantage> {
    return this.#ask(() => this.#postgres.vantage());
  }

  catalog(question: CatalogQuestion): Promise<CatalogAnswer> {
    return this.#ask(() => this.#postgres.tables.look(question, "1", this.#postgres.wal.end));
  }

  /** The slot is free for a moment between its creation and the start of the stream, as with two connections. */
  async openBackfill(since: Watermark | null, handlers: StreamHandlers): Promise<BackfillStream> {
    const { wal } = this.#postgres;
    const rows = await this.#ask(() =>
      this.#postgres.createSlotWithRows(since, (answer) => this.#ask(answer)),
    );
    const stream = await this.#ask(() => this.#postgres.stream(handlers, this.#process, wal.end));
    return { stream, rows };
  }

  async assertReadable(): Promise<void> {
    await this.#ask(() => undefined);
  }

  /** All values of this world are text. */
  useText(): boolean {
    return false;
  }

  /** In this world nobody changes a row, so that its transaction tells whether the slot brings it. */
  async readBesideSlot(since: Watermark | null, made: Watermark): Promise<RowsBesideSlot> {
    const rows = await this.#ask(() =>
      this.#postgres.rowsBesideSlot(since, made, (answer) => this.#ask(answer)),
    );
    const doubtfulIds = (): Promise<void> => Promise.resolve();
    return { rows, serverStart: "1", doubtful: 0, readLsn: made.lsn, doubtfulIds };
  }

  onShutdown(callback: () => void): () => void {
    return this.#postgres.onShutdown(() => this.#process.deliver(callback));
  }

  onSlotFree(callback: () => void): () => void {
    return this.#postgres.onSlotFree(() => this.#process.deliver(callback));
  }

  announceSlotFree(): Promise<void> {
    return this.#ask(() => this.#postgres.announceSlotFree());
  }

  reconnect(): void {
    // A question is answered or not, whatever was asked before it.
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** The answer is of the moment at which the question arrives, and may come to nobody. */
  #ask<T>(answer: () => T): Promise<T> {
    const { clock } = this.#postgres;
    return new Promise((resolve, reject) => {
      if (!this.#process.isAlive) return;
      clock.after(0.2 + clock.random() * 2, () => {
        if (!this.#process.isAlive) return;
        const outcome = this.#outcome(answer);
        clock.after(clock.random() * 2, () =>
          this.#process.deliver(() => {
            if ("value" in outcome) resolve(outcome.value);
            else reject(outcome.error);
          }),
        );
      });
    });
  }

  #outcome<T>(answer: () => T): { readonly value: T } | { readonly error: unknown } {
    if (!this.#postgres.isOpen) return { error: unreachable() };
    try {
      return { value: answer() };
    } catch (error) {
      return { error };
    }
  }
}
