import type { Clock } from "./clock.ts";
import { RelayError } from "./errors.ts";

/** Left of `wal_sender_timeout` for what was handed over to arrive. */
const MARGIN_MS = 3_000;
/** Of a short time-out the margin takes no more than this share. */
const MARGIN_SHARE = 0.2;

/**
 * How long a leader may take the slot for its own without asking. Postgres frees it `wal_sender_timeout` after our last
 * sign of life, and from then on it may be another relay's. A process that was frozen cannot feel that: its timers fire
 * late, and it wakes up with a batch in its hands. So before each batch it looks at the monotonic clock, and when too
 * much time has passed, at the slot.
 *
 * The lease runs from our last sign of life or the last we heard of Postgres, whichever is older. Once it has run out, neither
 * renews it, since both happen right after the thaw as well; only an answer to a question asked later does. Silence is normal
 * while reading is held back, and then costs one question per lease.
 */
export class SlotLease {
  readonly #clock: Clock;
  readonly #look: (signal: AbortSignal) => Promise<unknown>;
  #lengthMs = Infinity;
  #heardMs = 0;
  #spokeMs = 0;
  #hasRunOut = false;

  /** `look` resolves when the slot is ours at some moment after the call, and rejects with RelayError otherwise. */
  constructor(clock: Clock, look: (signal: AbortSignal) => Promise<unknown>) {
    this.#clock = clock;
    this.#look = look;
  }

  /** The slot was just taken. `walSenderTimeoutMs` 0 means that Postgres never frees it for our silence. */
  start(walSenderTimeoutMs: number): void {
    const marginMs = Math.min(MARGIN_MS, walSenderTimeoutMs * MARGIN_SHARE);
    this.#lengthMs = walSenderTimeoutMs === 0 ? Infinity : walSenderTimeoutMs - marginMs;
    this.#renew(this.#clock.monotonicMs());
  }

  /** Something came from Postgres. */
  heard(): void {
    if (this.#isRunning()) this.#heardMs = this.#clock.monotonicMs();
  }

  /** We sent Postgres a sign of life. */
  spoke(): void {
    if (this.#isRunning()) this.#spokeMs = this.#clock.monotonicMs();
  }

  /**
   * Resolves when the slot is ours, as far as can be known, or when `signal` is aborted. Rejects with `SELF_FENCED`
   * (remedy `standby`) when it is not, or when that cannot be found out.
   */
  async assertHeld(signal: AbortSignal): Promise<void> {
    while (!this.#isRunning() && !signal.aborted) {
      const askedMs = this.#clock.monotonicMs();
      const silentMs = askedMs - Math.min(this.#heardMs, this.#spokeMs);
      try {
        await this.#look(signal);
        this.#renew(askedMs);
      } catch (error) {
        if (!signal.aborted) throw selfFenced(error, silentMs);
      }
    }
  }

  #renew(sinceMs: number): void {
    this.#heardMs = sinceMs;
    this.#spokeMs = sinceMs;
    this.#hasRunOut = false;
  }

  #isRunning(): boolean {
    const oldestMs = Math.min(this.#heardMs, this.#spokeMs);
    if (this.#clock.monotonicMs() - oldestMs > this.#lengthMs) this.#hasRunOut = true;
    return !this.#hasRunOut;
  }
}

/** What calls for a person is passed on as it is. */
function selfFenced(cause: unknown, silentMs: number): unknown {
  if (!(cause instanceof RelayError) || cause.remedy === "halt") return cause;
  const seconds = (silentMs / 1_000).toFixed(1);
  return new RelayError(
    `the link to Postgres was silent for ${seconds} s, and the slot could not be shown to be ours: what was read is dropped, unpublished`,
    {
      code: "SELF_FENCED",
      remedy: "standby",
      hint: "Nothing to do: the slot keeps the rows. If it happens again, look for what stops this process: a CPU limit, swapping, a machine that is paused.",
      cause,
    },
  );
}
