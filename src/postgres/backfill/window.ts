import { WINDOW_ROWS_MAX } from "../../relay/backfill/backfill-rows.ts";

/** More than a page holds, so that block and line make one exact number. */
const LINES_MAX = 65_536;

/** Where the window's candidates are: table, leaf and place of each, 14 bytes. */
export class Window {
  readonly #sources: Uint16Array;
  readonly #leaves: Uint32Array;
  readonly #places: Float64Array;
  size = 0;

  constructor(candidates: number) {
    const capacity = Math.max(1, Math.min(candidates, WINDOW_ROWS_MAX));
    this.#sources = new Uint16Array(capacity);
    this.#leaves = new Uint32Array(capacity);
    this.#places = new Float64Array(capacity);
  }

  get capacity(): number {
    return this.#places.length;
  }

  clear(): void {
    this.size = 0;
  }

  /** `place`: a ctid as text, "(block,line)". */
  add(source: number, leaf: number, place: string): void {
    const [block, line] = place.substring(1, place.length - 1).split(",");
    this.#sources[this.size] = source;
    this.#leaves[this.size] = leaf;
    this.#places[this.size] = Number(block) * LINES_MAX + Number(line);
    this.size += 1;
  }

  source(index: number): number {
    return this.#sources[index] ?? 0;
  }

  leaf(index: number): number {
    return this.#leaves[index] ?? 0;
  }

  place(index: number): string {
    const place = this.#places[index] ?? 0;
    return `(${Math.floor(place / LINES_MAX)},${place % LINES_MAX})`;
  }
}
