import { createHash } from "node:crypto";

/** Chance from a seed: the same numbers in the same order for the same seed and path (mulberry32). */
export class Dice {
  #state: number;

  /** `path` names what the numbers are for, so that one use does not shift those of another. */
  constructor(seed: number, ...path: readonly (string | number)[]) {
    const digest = createHash("sha256")
      .update([seed, ...path].join("/"))
      .digest();
    this.#state = digest.readUInt32BE(0);
  }

  /** From 0 up to 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    const state = this.#state;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** Both ends included. */
  whole(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1));
  }

  pick<T>(choices: readonly T[]): T {
    return choices[Math.floor(this.next() * choices.length)] as T;
  }

  shuffled<T>(items: readonly T[]): T[] {
    return items
      .map((item) => ({ item, rank: this.next() }))
      .toSorted((a, b) => a.rank - b.rank)
      .map(({ item }) => item);
  }
}
