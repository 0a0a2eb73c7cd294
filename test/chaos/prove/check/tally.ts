export type Letter = "P0" | "L" | "P" | "D" | "O" | "B" | "I1" | "C" | "R" | "M" | "W";

const EXAMPLES_MAX = 20;

/** What one letter of the checker found. */
export interface Verdict {
  readonly letter: Letter;
  readonly claim: string;
  /** How many things were looked at. */
  readonly checked: number;
  readonly violations: number;
  /** The first of them, for people. */
  readonly examples: readonly string[];
  /** What is worth telling though it is no violation. */
  readonly note: string | null;
}

/** Counts what holds and what does not, and keeps the first examples of the latter. */
export class Tally {
  readonly #letter: Letter;
  readonly #claim: string;
  #checked = 0;
  #violations = 0;
  readonly #examples: string[] = [];

  constructor(letter: Letter, claim: string) {
    this.#letter = letter;
    this.#claim = claim;
  }

  expect(holds: boolean, example: () => string): void {
    this.#checked += 1;
    if (holds) return;
    this.#violations += 1;
    if (this.#examples.length < EXAMPLES_MAX) this.#examples.push(example());
  }

  verdict(note: string | null = null): Verdict {
    return {
      letter: this.#letter,
      claim: this.#claim,
      checked: this.#checked,
      violations: this.#violations,
      examples: this.#examples,
      note,
    };
  }
}
