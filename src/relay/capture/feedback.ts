import type { Clock } from "../clock.ts";

/** How long an answer may wait for a commit that is on its way; short against every `wal_sender_timeout`. */
const SETTLE_WAIT_MS = 100;

/**
 * Decides when Postgres hears from us: at once when it asks and nothing is on its way, within 100 ms
 * otherwise or after a commit, and always after `intervalMs`, whatever Kafka does.
 *
 * The short wait matters: the server asks again at once while the answer does not cover what it sent,
 * so answering each question immediately would be a storm (measured).
 */
export class Feedback {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #send: () => void;
  #dueAtMs: number;
  #cancel: () => void = () => undefined;
  #isStopped = false;

  constructor(clock: Clock, intervalMs: number, send: () => void) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#send = send;
    this.#dueAtMs = clock.monotonicMs() + intervalMs;
    this.#arm();
  }

  /** The server asks. `isPending`: something is on its way that the answer could cover in a moment. */
  asked(isPending: boolean): void {
    if (isPending) this.#within(SETTLE_WAIT_MS);
    else this.now();
  }

  /** The confirmed LSN moved. */
  confirmed(): void {
    this.#within(SETTLE_WAIT_MS);
  }

  now(): void {
    if (this.#isStopped) return;
    this.#dueAtMs = this.#clock.monotonicMs() + this.#intervalMs;
    this.#send();
    this.#arm();
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel();
  }

  #within(delayMs: number): void {
    const dueAtMs = this.#clock.monotonicMs() + delayMs;
    if (dueAtMs >= this.#dueAtMs) return;
    this.#dueAtMs = dueAtMs;
    this.#arm();
  }

  #arm(): void {
    this.#cancel();
    if (this.#isStopped) return;
    const delayMs = Math.max(0, this.#dueAtMs - this.#clock.monotonicMs());
    this.#cancel = this.#clock.after(delayMs, () => {
      this.now();
    });
  }
}

/** How often a status goes out, ms: at least every third of `wal_sender_timeout`; 0 means that there is none. */
export function statusIntervalMs(wantedMs: number, walSenderTimeoutMs: number): number {
  const third = walSenderTimeoutMs === 0 ? Infinity : walSenderTimeoutMs / 3;
  return Math.min(wantedMs, third);
}
