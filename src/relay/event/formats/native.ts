import type { OutboxEvent } from "../outbox-event.ts";
import type { OutboxRecord } from "../outbox-record.ts";
import type { HeaderBytes } from "../row-headers.ts";
import { HEADER_NAMES, RowHeaders } from "../row-headers.ts";
import type { TopicTemplate } from "../topic-template.ts";

/** What a record takes on the wire beside key, payload and own headers: the relay's headers, lengths. */
const RECORD_OVERHEAD_BYTES = 150;

/**
 * The native profile: the value is the payload as stored; headers `id`, `type`, `position`, then the
 * row's own; the timestamp is the commit's.
 */
export class NativeFormat {
  readonly #topics: TopicTemplate;
  readonly #headers = new RowHeaders();

  constructor(topics: TopicTemplate) {
    this.#topics = topics;
  }

  /** Throws PoisonError when the row's headers are no object of strings. */
  record(event: OutboxEvent): OutboxRecord {
    const headers: HeaderBytes[] = [
      { name: HEADER_NAMES.id, value: event.id },
      { name: HEADER_NAMES.type, value: event.type },
      { name: HEADER_NAMES.position, value: event.position },
    ];
    if (event.headers !== null) headers.push(...this.#headers.read(event, event.headers));
    const bytes = event.key.length + (event.payload?.length ?? 0) + (event.headers?.length ?? 0);
    return {
      topic: this.#topics.topic(event.route),
      key: event.key,
      value: event.payload,
      headers,
      timestampMs: event.commitMs,
      id: event.id,
      commitLsn: event.commitLsn,
      index: event.index,
      bytes: bytes + RECORD_OVERHEAD_BYTES,
    };
  }
}
