const POOL_BYTES = 64 * 1024;
const OVERWRITTEN = 0xee;

/**
 * Memory of a driver that uses it again, as Node's sockets do: what is lent is a Buffer, lies where the bytes of the call
 * before lay, and is overwritten when the call returns. Whatever keeps a view of it sees the next call's bytes, or none.
 */
export class LentMemory {
  #pool = Buffer.allocUnsafeSlow(POOL_BYTES);

  /** Hands `bytes` out for the time of the call. */
  lend<T>(bytes: Uint8Array, call: (lent: Buffer) => T): T {
    if (bytes.length > this.#pool.length) this.#pool = Buffer.allocUnsafeSlow(bytes.length);
    this.#pool.set(bytes);
    const lent = this.#pool.subarray(0, bytes.length);
    try {
      return call(lent);
    } finally {
      lent.fill(OVERWRITTEN);
    }
  }
}
