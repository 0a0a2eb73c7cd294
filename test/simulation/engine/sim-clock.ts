import type { Clock } from "../../../src/relay/clock.ts";
import { randomFrom } from "../../support/random.ts";

interface Timer {
  readonly atMs: number;
  readonly order: number;
  callback: (() => void) | null;
}

/** Virtual time for a whole world, and chance from one seed: the same seed gives the same run, event by event. */
export class SimClock implements Clock {
  #nowMs = 0;
  #order = 0;
  /** A binary heap by time, then by order of arrival. */
  readonly #heap: Timer[] = [];
  readonly #random: () => number;
  /** Events that took place so far. */
  events = 0;

  constructor(seed: number) {
    this.#random = randomFrom(seed);
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return 1_700_000_000_000 + Math.floor(this.#nowMs);
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer: Timer = {
      atMs: this.#nowMs + Math.max(0, delayMs),
      order: this.#order++,
      callback,
    };
    this.#push(timer);
    return () => {
      timer.callback = null;
    };
  }

  random(): number {
    return this.#random();
  }

  below(bound: number): number {
    return Math.floor(this.random() * bound);
  }

  chance(probability: number): boolean {
    return this.random() < probability;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }

  /** Lets the next event take place, and all that follows from it at once; false when nothing is due any more. */
  async step(): Promise<boolean> {
    let timer = this.#pop();
    while (timer?.callback === null) timer = this.#pop();
    if (timer === undefined) return false;
    this.#nowMs = timer.atMs;
    this.events += 1;
    timer.callback?.();
    await settled();
    return true;
  }

  /** Steps until `holds`, or until `deadlineMs` of virtual time have passed; tells which. */
  async runUntil(holds: () => boolean, deadlineMs: number): Promise<boolean> {
    const endMs = this.#nowMs + deadlineMs;
    let isLate = false;
    const cancel = this.after(deadlineMs, () => {
      isLate = true;
    });
    while (!holds()) {
      if (isLate || this.#nowMs > endMs || !(await this.step())) break;
    }
    cancel();
    return holds();
  }

  async run(durationMs: number): Promise<void> {
    await this.runUntil(() => false, durationMs);
  }

  #push(timer: Timer): void {
    const heap = this.#heap;
    heap.push(timer);
    for (let at = heap.length - 1; at > 0; ) {
      const parent = (at - 1) >> 1;
      if (!isBefore(heap[at] as Timer, heap[parent] as Timer)) break;
      swap(heap, at, parent);
      at = parent;
    }
  }

  #pop(): Timer | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (heap.length === 0 || last === undefined) return first;
    heap[0] = last;
    for (let at = 0; ; ) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < heap.length && isBefore(heap[child] as Timer, heap[least] as Timer)) {
          least = child;
        }
      }
      if (least === at) break;
      swap(heap, at, least);
      at = least;
    }
    return first;
  }
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

function swap(heap: Timer[], a: number, b: number): void {
  const held = heap[a] as Timer;
  heap[a] = heap[b] as Timer;
  heap[b] = held;
}

/** Twice through the event loop: all promises, and what code puts off with `setImmediate`. */
async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
}
