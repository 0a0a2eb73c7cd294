/** Free buffers that are kept at most. */
const BUFFERS_MAX = 8;
/** Larger ones are left to the garbage collector. */
const KEPT_BYTES_MAX = 4 * 1024 * 1024;
const STEP_BYTES = 256 * 1024;

/**
 * Memory of requests, used again: produce requests are large and many, and fresh memory for each would double what the
 * process holds.
 */
export class RequestMemory {
  readonly #free: Buffer[] = [];

  /** At least `bytes` long; the content is whatever was there. */
  take(bytes: number): Buffer {
    const fit = this.#free.findIndex((buffer) => buffer.length >= bytes);
    if (fit >= 0) return this.#free.splice(fit, 1)[0] as Buffer;
    return Buffer.allocUnsafeSlow(Math.ceil(bytes / STEP_BYTES) * STEP_BYTES);
  }

  /** Only once nobody reads it any more: the broker has answered the request. */
  giveBack(buffer: Buffer): void {
    if (buffer.length > KEPT_BYTES_MAX) return;
    if (this.#free.length >= BUFFERS_MAX) this.#free.shift();
    this.#free.push(buffer);
  }
}
