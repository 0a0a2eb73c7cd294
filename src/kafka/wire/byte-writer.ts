/**
 * Writes the fields of a Kafka request, big-endian, into memory that grows.
 * Compact forms belong to flexible versions (KIP-482): lengths are unsigned varints plus one.
 */
export class ByteWriter {
  #bytes: Buffer;
  #at = 0;

  /** Writes into `memory` as long as it is large enough. */
  constructor(memory: Buffer = Buffer.allocUnsafe(256)) {
    this.#bytes = memory;
  }

  int8(value: number): this {
    this.#at = this.#room(1).writeInt8(value, this.#at);
    return this;
  }

  int16(value: number): this {
    this.#at = this.#room(2).writeInt16BE(value, this.#at);
    return this;
  }

  int32(value: number): this {
    this.#at = this.#room(4).writeInt32BE(value, this.#at);
    return this;
  }

  int64(value: bigint): this {
    this.#at = this.#room(8).writeBigInt64BE(value, this.#at);
    return this;
  }

  boolean(value: boolean): this {
    return this.int8(value ? 1 : 0);
  }

  uvarint(value: number): this {
    const bytes = this.#room(5);
    let rest = value;
    for (; rest > 127; rest >>>= 7) bytes[this.#at++] = (rest & 127) | 128;
    bytes[this.#at++] = rest;
    return this;
  }

  /** Null is written as length -1. */
  string(text: string | null): this {
    if (text === null) return this.int16(-1);
    const length = Buffer.byteLength(text);
    this.int16(length);
    this.#at += this.#room(length).write(text, this.#at);
    return this;
  }

  compactString(text: string | null): this {
    if (text === null) return this.uvarint(0);
    const length = Buffer.byteLength(text);
    this.uvarint(length + 1);
    this.#at += this.#room(length).write(text, this.#at);
    return this;
  }

  array<T>(items: readonly T[], write: (item: T) => void): this {
    this.int32(items.length);
    for (const item of items) write(item);
    return this;
  }

  compactArray<T>(items: readonly T[], write: (item: T) => void): this {
    this.uvarint(items.length + 1);
    for (const item of items) write(item);
    return this;
  }

  /** An empty section of tagged fields. */
  tags(): this {
    return this.uvarint(0);
  }

  /** Lets `write` put up to `sizeMax` bytes at its place; it returns where it ended. */
  raw(sizeMax: number, write: (bytes: Buffer, at: number) => number): this {
    this.#at = write(this.#room(sizeMax), this.#at);
    return this;
  }

  done(): Buffer {
    return this.#bytes.subarray(0, this.#at);
  }

  #room(size: number): Buffer {
    if (this.#at + size > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#at + size, this.#bytes.length * 2));
      this.#bytes.copy(larger, 0, 0, this.#at);
      this.#bytes = larger;
    }
    return this.#bytes;
  }
}
