import type { RecordHeader } from "../../record/outbound-record.ts";
import {
  copyRange,
  VARINT_BYTES_MAX,
  writeBytes,
  writeLength,
  writeRange,
} from "../../record/packing.ts";
import { RecordMemory } from "../../record/record-memory.ts";
import { ascii } from "../ascii.ts";
import type { Field } from "../field.ts";
import type { OutboxEvent } from "../outbox-event.ts";
import { OutboxRecord } from "../outbox-record.ts";
import type { RouteTopics } from "../route-topics.ts";
import { OWN_HEADERS, rowHeaders } from "../row-headers.ts";

/** Names of the relay's headers in packed form. */
const [ID, TYPE, POSITION] = OWN_HEADERS.map(packedName) as [Uint8Array, Uint8Array, Uint8Array];
/** Lengths of key, value and headers, and the relay's headers but for what the row gives. */
const FIXED_BYTES_MAX = 8 * VARINT_BYTES_MAX + ID.length + TYPE.length + POSITION.length;

/**
 * The native profile: the value is the payload as stored; headers `id`, `type`, `position`, then the
 * row's own; the timestamp is the commit's.
 */
export class NativeFormat {
  readonly #topics: RouteTopics;
  readonly #memory = new RecordMemory();

  constructor(topics: RouteTopics) {
    this.#topics = topics;
  }

  /** Throws PoisonError when the row's headers are no object of strings. */
  record(event: OutboxEvent): OutboxRecord {
    const own = rowHeaders(event);
    const from = this.#memory.reserve(bytesMax(event, own));
    const { block } = this.#memory;
    let to = writeField(block, from, event.key);
    to = event.payload.isNull ? writeLength(block, to, -1) : writeField(block, to, event.payload);
    to = writeLength(block, to, OWN_HEADERS.length + own.length);
    to = writeField(block, copyRange(block, to, ID, 0, ID.length), event.id);
    to = writeField(block, copyRange(block, to, TYPE, 0, TYPE.length), event.type);
    to = writeBytes(block, copyRange(block, to, POSITION, 0, POSITION.length), event.position);
    for (const { name, value } of own) to = writeBytes(block, writeBytes(block, to, name), value);
    this.#memory.keep(to);
    const topic = this.#topics.of(event.route);
    return new OutboxRecord(topic, event.transaction, event.index, block, from, to);
  }
}

function writeField(memory: Uint8Array, at: number, { bytes, from, to }: Field): number {
  return writeRange(memory, at, bytes, from, to);
}

function bytesMax(event: OutboxEvent, own: readonly RecordHeader[]): number {
  const { key, payload, id, type, position } = event;
  let size = FIXED_BYTES_MAX + key.length + payload.length + id.length + type.length;
  size += position.length;
  for (const { name, value } of own) {
    size += 2 * VARINT_BYTES_MAX + name.length + (value?.length ?? 0);
  }
  return size;
}

function packedName(name: string): Uint8Array {
  const packed = new Uint8Array(VARINT_BYTES_MAX + name.length);
  return packed.subarray(0, writeBytes(packed, 0, ascii(name)));
}
