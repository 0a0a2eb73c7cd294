import { Backoff } from "./backoff.ts";
import { RelayError } from "./errors.ts";
import type { RelayOptions } from "./options.ts";
import type { RelayPorts } from "./ports.ts";
import { Waker } from "./publish/waker.ts";

/**
 * Waits behind the relay that holds the slot. Looks at the slot at intervals, and at once when a leaving leader says that
 * it is free; a word that is lost costs one interval.
 */
export class Standby {
  readonly #ports: RelayPorts;
  readonly #options: RelayOptions;
  readonly #backoff: Backoff;
  readonly #waker: Waker;

  constructor(ports: RelayPorts, options: RelayOptions) {
    this.#ports = ports;
    this.#options = options;
    this.#backoff = new Backoff(options.retry, ports.clock);
    this.#waker = new Waker(ports.clock);
  }

  /** Takes announcements from now on, also those that come while nobody waits yet; the returned function ends that. */
  listen(): () => void {
    return this.#ports.database.onSlotFree(() => this.#waker.wake());
  }

  /** Resolves when the slot looks free, when the database cannot tell, or when `stop` is aborted. */
  async untilFree(stop: AbortSignal): Promise<void> {
    const wake = (): void => this.#waker.wake();
    stop.addEventListener("abort", wake);
    try {
      while (!stop.aborted) {
        const delayMs = this.#backoff.jittered(this.#options.standbyPollIntervalMs);
        await this.#waker.wait(this.#ports.clock.monotonicMs() + delayMs);
        if (stop.aborted || !(await this.#isSlotTaken(stop))) return;
      }
    } finally {
      stop.removeEventListener("abort", wake);
    }
  }

  async #isSlotTaken(stop: AbortSignal): Promise<boolean> {
    try {
      const slot = await this.#ports.database.slot(stop);
      return slot?.active ?? false;
    } catch (error) {
      if (error instanceof RelayError) return false; // The next attempt says what is wrong.
      throw error;
    }
  }
}
