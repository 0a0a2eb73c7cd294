/**
 * Keeps copies of rows that must outlive the driver's read buffer, many rows to one block, so that
 * a row costs a copy and not an allocation of its own.
 *
 * A block is freed once every row in it is, and rows are settled in order, so at most one block is
 * held longer than its rows need. Rows above half a block get memory of their own.
 */
export class RowArena {
  readonly #blockBytes: number;
  #block: Uint8Array = new Uint8Array(0);
  #used = 0;

  constructor(blockBytes = 256 * 1024) {
    this.#blockBytes = blockBytes;
  }

  /** A copy of `bytes` followed by `spareBytes` that the caller may fill. */
  copy(bytes: Uint8Array, spareBytes = 0): Uint8Array {
    const place = this.#take(bytes.length + spareBytes);
    place.set(bytes);
    return place;
  }

  #take(size: number): Uint8Array {
    if (size > this.#blockBytes / 2) return new Uint8Array(size);
    if (this.#used + size > this.#block.length) {
      this.#block = new Uint8Array(this.#blockBytes);
      this.#used = 0;
    }
    const place = this.#block.subarray(this.#used, this.#used + size);
    this.#used += size;
    return place;
  }
}
