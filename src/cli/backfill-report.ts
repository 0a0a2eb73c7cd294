import type { BackfillProgress } from "../relay/backfill/backfilled-stream.ts";
import type { Output } from "./output.ts";

const REPORT_INTERVAL_MS = 1_000;

/** Tells how far a backfill is: one line that changes on a terminal, JSON lines otherwise. */
export class BackfillReport {
  readonly #out: Output;
  readonly #nowMs: () => number;
  readonly #startedMs: number;
  #reportedMs = Number.NEGATIVE_INFINITY;
  #last: BackfillProgress | null = null;

  /** `nowMs`: monotonic. */
  constructor(out: Output, nowMs: () => number) {
    this.#out = out;
    this.#nowMs = nowMs;
    this.#startedMs = nowMs();
  }

  progressed(progress: BackfillProgress): void {
    this.#last = progress;
    if (this.#nowMs() - this.#reportedMs < REPORT_INTERVAL_MS) return;
    this.#reportedMs = this.#nowMs();
    this.#write(progress, false);
  }

  ended(): void {
    this.#write(this.#last ?? { candidates: 0, skipped: 0, sent: 0 }, true);
  }

  #write(progress: BackfillProgress, isDone: boolean): void {
    const { candidates, skipped, sent } = progress;
    const seconds = Math.max(0.001, (this.#nowMs() - this.#startedMs) / 1_000);
    const rowsPerSecond = Math.round((skipped + sent) / seconds);
    const left = candidates - skipped - sent;
    const etaSeconds = isDone ? 0 : rowsPerSecond > 0 ? Math.ceil(left / rowsPerSecond) : null;
    if (this.#out.isTerminal !== true) {
      const line = { candidates, skipped, sent, rowsPerSecond, etaSeconds, done: isDone };
      return this.#out.stdout(`${JSON.stringify(line)}\n`);
    }
    const eta = etaSeconds === null ? "" : `, ${etaSeconds} s left`;
    const text = `${skipped + sent} of ${candidates} rows: ${sent} sent, ${skipped} were at Kafka; ${rowsPerSecond}/s${eta}`;
    this.#out.stdout(`\r${text.padEnd(79)}${isDone ? "\n" : ""}`);
  }
}
