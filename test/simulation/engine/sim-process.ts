import type { Clock } from "../../../src/relay/clock.ts";
import type { SimClock } from "./sim-clock.ts";

const TIMER_JITTER_MS = 0.3;

/**
 * A process of the world: everything reaches it through `deliver`, and what it does goes out only while it lives. Frozen,
 * it hears of everything when it thaws, as after SIGSTOP; dead, of nothing.
 */
export class SimProcess implements Clock {
  readonly name: string;
  readonly #clock: SimClock;
  #isAlive = true;
  #isFrozen = false;
  readonly #missed: (() => void)[] = [];
  /** Called with the error that the process died of. */
  crashed: (error: unknown) => void = () => undefined;
  readonly #deathCallbacks: (() => void)[] = [];
  /** How far its host's wall clock is from that of the world. */
  readonly #apartMs: number;

  constructor(name: string, clock: SimClock, apartMs = 0) {
    this.#apartMs = apartMs;
    this.name = name;
    this.#clock = clock;
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  get isFrozen(): boolean {
    return this.#isFrozen;
  }

  /** What happens in the world when the process is gone: its connections break. */
  onDeath(callback: () => void): void {
    this.#deathCallbacks.push(callback);
  }

  die(): void {
    if (!this.#isAlive) return;
    this.#isAlive = false;
    this.#missed.length = 0;
    for (const callback of this.#deathCallbacks) callback();
  }

  freeze(): void {
    this.#isFrozen = true;
  }

  thaw(): void {
    this.#isFrozen = false;
    for (const callback of this.#missed.splice(0)) {
      this.#clock.after(0, () => this.deliver(callback));
    }
  }

  /** Something reaches the process from outside, or one of its timers is due. */
  deliver(callback: () => void): void {
    if (!this.#isAlive) return;
    if (this.#isFrozen) this.#missed.push(callback);
    else this.#run(callback);
  }

  /** What nobody catches ends the process. */
  #run(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      this.die();
      this.crashed(error);
    }
  }

  monotonicMs(): number {
    return this.#clock.monotonicMs();
  }

  wallMs(): number {
    return this.#clock.wallMs() + this.#apartMs;
  }

  after(delayMs: number, callback: () => void): () => void {
    let isCancelled = false;
    const cancel = this.#clock.after(delayMs + this.#clock.random() * TIMER_JITTER_MS, () => {
      this.deliver(() => {
        if (!isCancelled) callback();
      });
    });
    return () => {
      isCancelled = true;
      cancel();
    };
  }

  random(): number {
    return this.#clock.random();
  }
}
