/**
 * Keeps packed records, many to one block, so that a record costs a copy and not an allocation of its own.
 *
 * A block is freed once every record in it is, and records are settled in order, so at most one block is held longer
 * than its records need. Records above half a block get memory of their own.
 */
export class RecordMemory {
  readonly #blockBytes: number;
  #shared: Uint8Array = new Uint8Array(0);
  #used = 0;
  #block: Uint8Array = this.#shared;

  constructor(blockBytes = 256 * 1024) {
    this.#blockBytes = blockBytes;
  }

  /** Where the room lies that was reserved last. */
  get block(): Uint8Array {
    return this.#block;
  }

  /** Makes room for up to `bytesMax`, and returns where in `block` it begins. It is the caller's until the next call. */
  reserve(bytesMax: number): number {
    if (bytesMax > this.#blockBytes / 2) {
      this.#block = new Uint8Array(bytesMax);
      return 0;
    }
    if (this.#used + bytesMax > this.#shared.length) {
      this.#shared = new Uint8Array(this.#blockBytes);
      this.#used = 0;
    }
    this.#block = this.#shared;
    return this.#used;
  }

  /** Keeps what was written up to `end`; without it the room is given again. */
  keep(end: number): void {
    if (this.#block === this.#shared) this.#used = end;
  }
}
