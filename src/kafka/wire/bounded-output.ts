const FIRST_BYTES = 64 * 1024;
/** Up to here a loop is faster than a call. */
const LOOP_BYTES_MAX = 32;

/** What is being decompressed would take more than it may. */
export class OutputTooLargeError extends Error {
  readonly bytesMax: number;

  constructor(bytesMax: number) {
    super(`more than ${bytesMax} bytes`);
    this.bytesMax = bytesMax;
  }
}

/**
 * Where an LZ77 decoder writes: literals, and copies of what is there already. Grows up to `bytesMax` bytes, then
 * throws OutputTooLargeError; a reference before the beginning throws RangeError.
 */
export class BoundedOutput {
  readonly #bytesMax: number;
  #bytes: Buffer;
  #length = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
    this.#bytes = Buffer.allocUnsafe(Math.min(FIRST_BYTES, bytesMax));
  }

  get length(): number {
    return this.#length;
  }

  /** Appends `source` from `from` up to `to`. */
  literal(source: Buffer, from: number, to: number): void {
    if (to > source.length) throw new RangeError("compressed data ends too early");
    this.#room(to - from);
    source.copy(this.#bytes, this.#length, from, to);
    this.#length += to - from;
  }

  /** Appends `length` bytes from `distance` bytes back, which may reach into what it appends: then they repeat. */
  copy(distance: number, length: number): void {
    if (distance === 0 || distance > this.#length)
      throw new RangeError("compressed data refers to nothing");
    this.#room(length);
    const bytes = this.#bytes;
    const from = this.#length - distance;
    const end = this.#length + length;
    if (length <= LOOP_BYTES_MAX) {
      for (let i = this.#length, j = from; i < end; ) bytes[i++] = bytes[j++] as number;
    } else {
      // Each round copies all that is there by then, whole repetitions, so that a run of one byte takes few calls.
      for (let at = this.#length; at < end; )
        at += bytes.copy(bytes, at, from, Math.min(at, from + end - at));
    }
    this.#length = end;
  }

  done(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  #room(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    if (needed > this.#bytesMax) throw new OutputTooLargeError(this.#bytesMax);
    const larger = Buffer.allocUnsafe(Math.min(needed * 2, this.#bytesMax));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}
