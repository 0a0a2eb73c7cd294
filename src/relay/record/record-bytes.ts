import type { OutboundRecord } from "./outbound-record.ts";

/** Length, attributes, timestamp and offset deltas at their longest. */
const RECORD_FRAME_BYTES = 16;

/** What a record takes on the wire: at most this many bytes; within 13 bytes of what the broker will weigh. */
export function recordBytesMax({ from, to }: Pick<OutboundRecord, "from" | "to">): number {
  return to - from + RECORD_FRAME_BYTES;
}
