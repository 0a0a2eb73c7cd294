import type { OutboundRecord, RecordHeader } from "./outbound-record.ts";
import { VARINT_BYTES_MAX, writeBytes, writeLength } from "./packing.ts";

/** A record in its parts. */
export interface RecordParts {
  readonly topic: string;
  readonly key: Uint8Array;
  /** Null is a tombstone. */
  readonly value: Uint8Array | null;
  readonly headers: readonly RecordHeader[];
  readonly timestampMs: number;
}

/** A record with memory of its own, for the few that come from no row. */
export function packRecord({ topic, timestampMs, ...parts }: RecordParts): OutboundRecord {
  const memory = new Uint8Array(packedBytesMax(parts));
  let to = writeBytes(memory, 0, parts.key);
  to = writeBytes(memory, to, parts.value);
  to = writeLength(memory, to, parts.headers.length);
  for (const { name, value } of parts.headers) {
    to = writeBytes(memory, writeBytes(memory, to, name), value);
  }
  return { topic, timestampMs, memory, from: 0, to };
}

function packedBytesMax({
  key,
  value,
  headers,
}: Pick<RecordParts, "key" | "value" | "headers">): number {
  let size = 3 * VARINT_BYTES_MAX + key.length + (value?.length ?? 0);
  for (const header of headers) {
    size += 2 * VARINT_BYTES_MAX + header.name.length + (header.value?.length ?? 0);
  }
  return size;
}
