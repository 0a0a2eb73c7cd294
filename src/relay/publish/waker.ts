import type { Clock } from "../clock.ts";

/** Lets one loop sleep until something happens or a time has come. */
export class Waker {
  readonly #clock: Clock;
  #isAwake = false;
  #resolve: (() => void) | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Ends the sleep, or the next one if nobody sleeps now. */
  wake(): void {
    this.#isAwake = true;
    const resolve = this.#resolve;
    this.#resolve = null;
    resolve?.();
  }

  /** Sleeps until `wake`, or until `untilMs` on the monotonic clock; Infinity means no time. */
  async wait(untilMs: number): Promise<void> {
    if (!this.#isAwake) {
      const delayMs = untilMs - this.#clock.monotonicMs();
      await new Promise<void>((resolve) => {
        this.#resolve = resolve;
        const wake = (): void => this.wake();
        if (Number.isFinite(delayMs)) this.#cancel = this.#clock.after(Math.max(0, delayMs), wake);
      });
      this.#cancel();
      this.#cancel = () => undefined;
    }
    this.#isAwake = false;
  }

  /** Sleeps through wakes until `holds`. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await this.wait(Infinity);
  }

  #cancel: () => void = () => undefined;
}
