import { Backoff } from "./backoff.ts";
import { RelayError } from "./errors.ts";
import type { RelayOptions } from "./options.ts";
import { STANDBY_PROBE_INTERVAL_MS } from "./options.ts";
import { OthersProgress } from "./others-progress.ts";
import type { RelayPorts } from "./ports.ts";
import { Waker } from "./publish/waker.ts";
import type { StateBoard } from "./state.ts";

/**
 * Waits behind the relay that holds the slot. Looks at the slot at intervals, and at once when a leaving leader says that
 * it is free; a word that is lost costs one interval. Meanwhile it makes sure that it could publish: what is wrong with
 * its way to the sink is shown as the reason of state `standby`, so that it does not count as ready.
 */
export class Standby {
  readonly #ports: RelayPorts;
  readonly #options: RelayOptions;
  readonly #board: StateBoard;
  readonly #backoff: Backoff;
  readonly #waker: Waker;
  readonly #others: OthersProgress;
  #isProbing = false;
  #probeDueMs = 0;
  /** What a probe died of when it was a bug; in a box, because anything can be thrown. */
  #bug: { readonly error: unknown } | null = null;

  constructor(ports: RelayPorts, options: RelayOptions, board: StateBoard) {
    this.#ports = ports;
    this.#options = options;
    this.#board = board;
    this.#backoff = new Backoff(options.retry, ports.clock);
    this.#waker = new Waker(ports.clock);
    this.#others = new OthersProgress(ports, board);
  }

  /** Takes announcements from now on, also those that come while nobody waits yet; the returned function ends that. */
  listen(): () => void {
    return this.#ports.database.onSlotFree(() => this.#waker.wake());
  }

  /**
   * Resolves when the slot looks free, with the monotonic ms at which that was seen; or with null when the database cannot
   * tell, or `stop` is aborted. `reason` is why the slot was lost, shown until the first probe; null when nothing is wrong.
   */
  async untilFree(reason: RelayError | null, stop: AbortSignal): Promise<number | null> {
    const { clock } = this.#ports;
    const leaving = new AbortController();
    const wake = (): void => this.#waker.wake();
    this.#board.set("standby", reason);
    this.#others.begin();
    this.#probeDueMs = clock.monotonicMs() + STANDBY_PROBE_INTERVAL_MS;
    stop.addEventListener("abort", wake);
    try {
      while (!stop.aborted) {
        const delayMs = this.#backoff.jittered(this.#options.standbyPollIntervalMs);
        await this.#waker.wait(clock.monotonicMs() + delayMs);
        this.#throwBug();
        if (stop.aborted) break;
        const isTaken = await this.#isSlotTaken(stop);
        if (isTaken !== true) return isTaken === false ? clock.monotonicMs() : null;
        this.#probeWhenDue(leaving.signal);
      }
      return null;
    } finally {
      leaving.abort();
      stop.removeEventListener("abort", wake);
    }
  }

  /** Null when the database cannot tell: the next attempt says what is wrong. */
  async #isSlotTaken(stop: AbortSignal): Promise<boolean | null> {
    try {
      const slot = await this.#ports.database.slot(stop);
      this.#others.holder(slot?.activePid ?? null);
      return slot?.active ?? false;
    } catch (error) {
      if (error instanceof RelayError) return null;
      throw error;
    }
  }

  /** Nobody waits for it: a cluster that hangs must not keep us from looking at the slot. */
  #probeWhenDue(signal: AbortSignal): void {
    const { clock, sink } = this.#ports;
    if (this.#isProbing || clock.monotonicMs() < this.#probeDueMs) return;
    this.#isProbing = true;
    const probe = async (): Promise<void> => {
      await sink.probe(signal);
      await this.#others.look(signal);
    };
    probe().then(
      () => this.#probed(null, signal),
      (error: unknown) => this.#probed(error, signal),
    );
  }

  #probed(error: unknown, signal: AbortSignal): void {
    this.#isProbing = false;
    this.#probeDueMs = this.#ports.clock.monotonicMs() + STANDBY_PROBE_INTERVAL_MS;
    if (error !== null && !(error instanceof RelayError)) {
      this.#bug = { error };
      this.#waker.wake();
    } else if (!signal.aborted) {
      this.#board.set("standby", error);
    }
  }

  #throwBug(): void {
    if (this.#bug !== null) throw this.#bug.error;
  }
}
