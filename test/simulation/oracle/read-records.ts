import { ByteReader } from "../../../src/kafka/wire/byte-reader.ts";
import type { LogEntry } from "../../support/brokers/partition-log.ts";

const BATCH_HEADER_BYTES = 61;

export interface SeenRecord {
  readonly topic: string;
  readonly key: string;
  readonly value: string | null;
  readonly id: string;
  readonly position: string;
}

/** The records of one data batch, read by the format's description (KIP-98), headers included. */
export function readEntry({ topic, bytes }: LogEntry): SeenRecord[] {
  const reader = new ByteReader(bytes.subarray(BATCH_HEADER_BYTES));
  return Array.from({ length: bytes.readInt32BE(57) }, () => {
    reader.varint();
    reader.int8();
    while (reader.int8() < 0); // Timestamp delta.
    reader.varint();
    const key = String(reader.bytes(reader.varint()));
    const value = reader.bytes(reader.varint());
    const headers = Array.from({ length: reader.varint() }, () => {
      const name = String(reader.bytes(reader.varint()));
      return [name, String(reader.bytes(reader.varint()))] as const;
    });
    const { id = "", position = "" } = Object.fromEntries(headers);
    return { topic, key, value: value === null ? null : String(value), id, position };
  });
}
