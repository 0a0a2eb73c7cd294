import type { OutboundRecord, RecordHeader } from "./outbound-record.ts";
import type { RecordParts } from "./pack-record.ts";

/** Reads the parts of a packed record, for people, and for code that needs few of them. The bytes are the record's own. */
class PartReader {
  readonly #memory: Uint8Array;
  #at: number;

  constructor({ memory, from }: OutboundRecord) {
    this.#memory = memory;
    this.#at = from;
  }

  bytes(): Uint8Array | null {
    const length = this.length();
    if (length < 0) return null;
    this.#at += length;
    return this.#memory.subarray(this.#at - length, this.#at);
  }

  length(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.#memory[this.#at++] as number;
      value += (byte & 127) * factor;
      if (byte < 128) return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
    }
  }
}

export function keyOf(record: OutboundRecord): Uint8Array {
  return new PartReader(record).bytes() ?? new Uint8Array(0);
}

/** Null is a tombstone. */
export function valueOf(record: OutboundRecord): Uint8Array | null {
  const reader = new PartReader(record);
  reader.bytes();
  return reader.bytes();
}

export function headersOf(record: OutboundRecord): RecordHeader[] {
  const reader = new PartReader(record);
  reader.bytes();
  reader.bytes();
  return Array.from({ length: reader.length() }, () => {
    const name = reader.bytes() ?? new Uint8Array(0);
    return { name, value: reader.bytes() };
  });
}

export function unpackRecord(record: OutboundRecord): RecordParts {
  const { topic, timestampMs } = record;
  const [key, value, headers] = [keyOf(record), valueOf(record), headersOf(record)];
  return { topic, key, value, headers, timestampMs };
}

/** Value of the first header of that name; null when it is null or there is none. */
export function headerOf(record: OutboundRecord, name: string): Uint8Array | null {
  const decoder = new TextDecoder();
  return headersOf(record).find((header) => decoder.decode(header.name) === name)?.value ?? null;
}
