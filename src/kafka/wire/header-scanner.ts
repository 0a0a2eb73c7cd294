import type { FetchedBatch } from "./record-batch-reader.ts";

/** `values` are texts in the order of the names, null where the record has none; the array is used again for the next record. */
export type VisitRecord = (
  offset: bigint,
  timestampMs: number,
  values: readonly (string | null)[],
) => void;

/** The records are not what the batch says. */
export class DamagedRecordsError extends Error {}

/** Reads times and a few headers of records, and passes over the rest without copying it. */
export class HeaderScanner {
  readonly #names: readonly Uint8Array[];
  readonly #values: (string | null)[];
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  /** Where the record ends that is being read. */
  #end = 0;

  /** Where a record has several headers of one name, the first counts. */
  constructor(names: readonly Uint8Array[]) {
    this.#names = names;
    this.#values = names.map(() => null);
  }

  /** `body` is the batch's own, decompressed. Throws DamagedRecordsError when it is none, and what `visit` throws. */
  scan(batch: FetchedBatch, body: Buffer, visit: VisitRecord): void {
    this.#bytes = body;
    let next = 0;
    for (let i = 0; i < batch.count; i++) {
      this.#at = next;
      this.#end = body.length;
      next = this.#ending();
      this.#end = next;
      this.#skip(1);
      const timestampDelta = this.#varint();
      const offset = batch.baseOffset + BigInt(this.#varint());
      this.#skip(this.#varint());
      this.#skip(this.#varint());
      this.#headers();
      const timestampMs = batch.appendTimeMs ?? batch.baseTimestampMs + timestampDelta;
      visit(offset, timestampMs, this.#values);
    }
  }

  #headers(): void {
    const values = this.#values.fill(null);
    for (let count = this.#varint(); count > 0; count--) {
      const nameEnd = this.#ending();
      const index = this.#indexOf(nameEnd);
      this.#at = nameEnd;
      const length = this.#varint();
      const from = this.#at;
      this.#skip(length);
      if (index >= 0 && length >= 0 && values[index] === null)
        values[index] = this.#bytes.toString("utf8", from, this.#at);
    }
  }

  #indexOf(nameEnd: number): number {
    const length = nameEnd - this.#at;
    for (let index = 0; index < this.#names.length; index++) {
      const name = this.#names[index] as Uint8Array;
      if (name.length !== length) continue;
      let same = 0;
      while (same < length && this.#bytes[this.#at + same] === name[same]) same++;
      if (same === length) return index;
    }
    return -1;
  }

  /** Reads a length and returns where what has it ends. */
  #ending(): number {
    const length = this.#varint();
    const end = this.#at + length;
    if (length < 0 || end > this.#end) throw new DamagedRecordsError("a record ends too early");
    return end;
  }

  /** Nothing for -1, the length of null. */
  #skip(length: number): void {
    if (length > 0) this.#at += length;
    if (this.#at > this.#end) throw new DamagedRecordsError("a record ends too early");
  }

  /** Zigzag, up to 53 bits, as far as a time in ms goes; calculated, because the bit operators end at 32. */
  #varint(): number {
    let value = 0;
    let unit = 1;
    for (;;) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined || unit > 2 ** 63)
        throw new DamagedRecordsError("a record ends too early");
      value += (byte & 127) * unit;
      if (byte < 128) break;
      unit *= 128;
    }
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }
}
