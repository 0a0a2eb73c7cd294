/**
 * What Kafka stores. Key, value and headers lie packed in `memory`, in the range from `from` to `to`, as record format
 * v2 has them (KIP-98, "Message format"): a sink copies them as they are. `record-view.ts` reads single parts of them.
 * The range never changes; what lies beside it belongs to others.
 */
export interface OutboundRecord {
  readonly topic: string;
  /** CreateTime, ms since 1970: when the row's transaction committed. */
  readonly timestampMs: number;
  readonly memory: Uint8Array;
  readonly from: number;
  readonly to: number;
}

/** A header; its name is UTF-8 already, because the same few names go out with every record. */
export interface RecordHeader {
  readonly name: Uint8Array;
  readonly value: Uint8Array | null;
}
