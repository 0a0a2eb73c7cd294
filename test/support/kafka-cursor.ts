/** Goes through the fields of a request or an answer of Kafka's protocol, and knows where it is. */
export class Cursor {
  readonly #bytes: Buffer;
  at: number;

  constructor(bytes: Buffer, at = 0) {
    this.#bytes = bytes;
    this.at = at;
  }

  skip(count: number): this {
    this.at += count;
    return this;
  }

  /** Where an int16 stands. */
  int16Place(): number {
    this.at += 2;
    return this.at - 2;
  }

  int32(): number {
    this.at += 4;
    return this.#bytes.readInt32BE(this.at - 4);
  }

  string(): this {
    this.at += 2;
    return this.skip(Math.max(0, this.#bytes.readInt16BE(this.at - 2)));
  }

  uvarint(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.#bytes.readUInt8(this.at++);
      value |= (byte & 127) << shift;
      if (byte < 128) return value;
    }
  }

  compactString(): this {
    return this.skip(Math.max(0, this.uvarint() - 1));
  }

  /** A compact string, read; null is empty here. */
  text(): string {
    const length = Math.max(0, this.uvarint() - 1);
    this.at += length;
    return this.#bytes.toString("utf8", this.at - length, this.at);
  }

  tags(): void {
    for (let left = this.uvarint(); left > 0; left--) {
      this.uvarint();
      const size = this.uvarint();
      this.at += size;
    }
  }

  array(visit: () => void): this {
    for (let left = this.int32(); left > 0; left--) visit();
    return this;
  }

  compactArray(visit: () => void): this {
    for (let left = this.uvarint() - 1; left > 0; left--) visit();
    return this;
  }
}
