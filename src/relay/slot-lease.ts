import type { Clock } from "./clock.ts";
import { RelayError } from "./errors.ts";

/** Left of `wal_sender_timeout` for what was handed over to arrive. */
const MARGIN_MS = 3_000;
/** Of a short time-out the margin takes no more than this share. */
const MARGIN_SHARE = 0.2;

interface Instant {
  readonly monotonicMs: number;
  readonly wallMs: number;
}

/**
 * How long a leader may take the slot for its own without asking. Postgres frees it `wal_sender_timeout` after our last
 * sign of life, and from then on it may be another relay's. A process that was frozen cannot feel that: its timers fire
 * late, and it wakes up with a batch in its hands. So before each batch it looks at the clock, and when too much time has
 * passed, at the slot. The monotonic clock decides; on a machine that was suspended it stood still, so the wall clock may
 * call for a look as well, which is all that a clock that was set wrong can do.
 *
 * The lease runs from our last sign of life or the last we heard of Postgres, whichever is older. Once it has run out, neither
 * renews it, since both happen right after the thaw as well; only an answer to a question asked later does. Silence is normal
 * while reading is held back, and then costs one question per lease.
 */
export class SlotLease {
  readonly #clock: Clock;
  readonly #look: (signal: AbortSignal) => Promise<unknown>;
  #lengthMs = Infinity;
  #heard: Instant;
  #spoke: Instant;

  /** `look` resolves when the slot is ours at some moment after the call, and rejects with RelayError otherwise. */
  constructor(clock: Clock, look: (signal: AbortSignal) => Promise<unknown>) {
    this.#clock = clock;
    this.#look = look;
    this.#heard = this.#now();
    this.#spoke = this.#heard;
  }

  /** The slot was just taken. `walSenderTimeoutMs` 0 means that Postgres never frees it for our silence. */
  start(walSenderTimeoutMs: number): void {
    const marginMs = Math.min(MARGIN_MS, walSenderTimeoutMs * MARGIN_SHARE);
    this.#lengthMs = walSenderTimeoutMs === 0 ? Infinity : walSenderTimeoutMs - marginMs;
    this.#renew(this.#now());
  }

  /** Something came from Postgres. */
  heard(): void {
    if (this.#isRunning()) this.#heard = this.#now();
  }

  /** We sent Postgres a sign of life. */
  spoke(): void {
    if (this.#isRunning()) this.#spoke = this.#now();
  }

  /**
   * Resolves when the slot is ours, as far as can be known, or when `signal` is aborted. Rejects with `SELF_FENCED`
   * (remedy `standby`) when it is not, or when that cannot be found out.
   */
  async assertHeld(signal: AbortSignal): Promise<void> {
    while (!this.#isRunning() && !signal.aborted) {
      const asked = this.#now();
      const silentMs = this.#silentMs(asked);
      try {
        await this.#look(signal);
        this.#renew(asked);
      } catch (error) {
        if (!signal.aborted) throw selfFenced(error, silentMs);
      }
    }
  }

  #renew(since: Instant): void {
    this.#heard = since;
    this.#spoke = since;
  }

  #isRunning(): boolean {
    return this.#silentMs(this.#now()) <= this.#lengthMs;
  }

  #silentMs(now: Instant): number {
    return Math.max(elapsedMs(this.#heard, now), elapsedMs(this.#spoke, now));
  }

  #now(): Instant {
    return { monotonicMs: this.#clock.monotonicMs(), wallMs: this.#clock.wallMs() };
  }
}

function elapsedMs(from: Instant, to: Instant): number {
  return Math.max(to.monotonicMs - from.monotonicMs, to.wallMs - from.wallMs);
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
