const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const WORDS = 4;
const NONE = -1;

/**
 * The event ids of one window, numbered in the order in which they came, and which of them were found elsewhere. An id in
 * UUID form takes 24 bytes, others are kept as text.
 */
export class IdWindow {
  readonly #table: Int32Array;
  readonly #mask: number;
  readonly #words: Uint32Array;
  readonly #others = new Map<string, number>();
  readonly #found: Uint8Array;
  #size = 0;
  foundCount = 0;

  constructor(capacity: number) {
    const slots = 2 ** Math.ceil(Math.log2(Math.max(2, capacity * 2)));
    this.#table = new Int32Array(slots).fill(NONE);
    this.#mask = slots - 1;
    this.#words = new Uint32Array(capacity * WORDS);
    this.#found = new Uint8Array(capacity);
  }

  get size(): number {
    return this.#size;
  }

  /** Ids are unique in an outbox table; where one is not, the first is kept and every further one counts as found with it. */
  add(id: string): void {
    const index = this.#size;
    this.#size += 1;
    const words = wordsOf(id);
    if (words === null) {
      if (!this.#others.has(id)) this.#others.set(id, index);
      return;
    }
    this.#words.set(words, index * WORDS);
    const place = this.#place(words);
    if (this.#table[place] === NONE) this.#table[place] = index;
  }

  /** Marks the id, if it is one of these. */
  find(id: string): void {
    const words = wordsOf(id);
    const index =
      words === null ? (this.#others.get(id) ?? NONE) : (this.#table[this.#place(words)] ?? NONE);
    if (index === NONE || this.#found[index] === 1) return;
    this.#found[index] = 1;
    this.foundCount += 1;
  }

  isFound(index: number): boolean {
    return this.#found[index] === 1;
  }

  clear(): void {
    this.#table.fill(NONE);
    this.#others.clear();
    this.#found.fill(0);
    this.#size = 0;
    this.foundCount = 0;
  }

  /** Where the id is, or would be: the ids of a time-ordered UUID differ in their last words. */
  #place(words: readonly number[]): number {
    const [a = 0, b = 0, c = 0, d = 0] = words;
    let place =
      Math.imul(a ^ Math.imul(b, 0x85ebca6b) ^ Math.imul(c, 0xc2b2ae35) ^ d, 0x9e3779b1) >>> 7;
    for (;;) {
      place &= this.#mask;
      const index = this.#table[place] ?? NONE;
      if (index === NONE || this.#holds(index, words)) return place;
      place += 1;
    }
  }

  #holds(index: number, words: readonly number[]): boolean {
    return words.every((word, i) => this.#words[index * WORDS + i] === word);
  }
}

/** Four words of 32 bits; null when the text is not a UUID as Postgres writes it. */
function wordsOf(id: string): readonly number[] | null {
  if (!UUID.test(id)) return null;
  const hex = id.replaceAll("-", "");
  return [0, 8, 16, 24].map((at) => Number.parseInt(hex.substring(at, at + 8), 16));
}
