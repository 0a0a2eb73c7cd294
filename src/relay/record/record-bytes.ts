import type { OutboundRecord } from "./outbound-record.ts";

/** Length (5), attributes (1), timestamp delta (10) and offset delta (5) at their longest. */
const RECORD_FRAME_BYTES = 21;

/** What a record takes on the wire: at most this many bytes; within 18 bytes of what the broker will weigh. */
export function recordBytesMax({ from, to }: Pick<OutboundRecord, "from" | "to">): number {
  return to - from + RECORD_FRAME_BYTES;
}
