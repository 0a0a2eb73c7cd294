/** The label value that stands for all that came after the limit was reached. */
export const OTHER = "other";

/** Bounds the values of one label: the first so many keep their name, all others share one. */
export class LabelCap {
  readonly #max: number;
  readonly #known = new Set<string>();

  constructor(max: number) {
    this.#max = max;
  }

  of(value: string): string {
    if (this.#known.has(value)) return value;
    if (this.#known.size >= this.#max) return OTHER;
    this.#known.add(value);
    return value;
  }
}
