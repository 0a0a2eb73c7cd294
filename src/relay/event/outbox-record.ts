import type { Lsn } from "../lsn.ts";
import type { HeaderBytes } from "./row-headers.ts";

/** What one event becomes in Kafka, and where it came from. */
export interface OutboxRecord {
  readonly topic: string;
  readonly key: Uint8Array;
  readonly value: Uint8Array | null;
  readonly headers: readonly HeaderBytes[];
  readonly timestampMs: number;
  readonly id: Uint8Array;
  readonly commitLsn: Lsn;
  readonly index: number;
  /** What it takes on the wire, about. */
  readonly bytes: number;
}
