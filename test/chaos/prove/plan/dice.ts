import { createHash } from "node:crypto";
import { randomFrom } from "../../../support/random.ts";

/** Chance from a seed: the same numbers in the same order for the same seed and path. */
export class Dice {
  readonly #random: () => number;

  /** `path` names what the numbers are for, so that one use does not shift those of another. */
  constructor(seed: number, ...path: readonly (string | number)[]) {
    const digest = createHash("sha256")
      .update([seed, ...path].join("/"))
      .digest();
    this.#random = randomFrom(digest.readUInt32BE(0));
  }

  /** From 0 up to 1. */
  next(): number {
    return this.#random();
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
