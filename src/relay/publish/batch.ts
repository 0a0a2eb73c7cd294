import type { OutboxRecord } from "../event/outbox-record.ts";
import type { Progress } from "../progress.ts";
import type { Part } from "./parts.ts";
import { Parts } from "./parts.ts";

/** What a record holds in memory beside its bytes: the object, its places in lists, its share of its transaction. Measured, about. */
const RECORD_OBJECTS_BYTES = 250;

export function heldBytes(record: OutboxRecord): number {
  return record.bytes + RECORD_OBJECTS_BYTES;
}

/** Records in commit order and how far the stream is read once they are durable. */
export class Batch {
  readonly records: OutboxRecord[] = [];
  readonly #parts = new Parts();
  /** What the records take on the wire, about. */
  bytes = 0;
  #progress: Progress;
  /** The record that `#progress` does not count yet: most progress is never looked at. */
  #uncounted: OutboxRecord | null = null;
  /** When the first record came, monotonic ms; linger counts from here. */
  openedAtMs = 0;

  constructor(progress: Progress) {
    this.#progress = progress;
  }

  /** The records, counted by topic and time of their commit, in their order. */
  get parts(): readonly Part[] {
    return this.#parts.all;
  }

  get progress(): Progress {
    if (this.#uncounted !== null) {
      const { commitLsn, index } = this.#uncounted;
      const { keepaliveLsn } = this.#progress;
      this.progress = { commitLsn, index, endLsn: null, keepaliveLsn };
    }
    return this.#progress;
  }

  set progress(progress: Progress) {
    this.#progress = progress;
    this.#uncounted = null;
  }

  add(record: OutboxRecord, nowMs: number): void {
    if (this.records.length === 0) this.openedAtMs = nowMs;
    this.records.push(record);
    this.#parts.add(record);
    this.bytes += record.bytes;
    this.#uncounted = record;
  }

  /** Memory held by the records, about. */
  get heldBytes(): number {
    return this.bytes + this.records.length * RECORD_OBJECTS_BYTES;
  }

  /** How many of the first records have at most so many bytes; one at least. */
  countOf(bytesMax: number): number {
    let bytes = 0;
    const beyond = this.records.findIndex((record) => {
      bytes += record.bytes;
      return bytes > bytesMax;
    });
    return beyond < 0 ? this.records.length : Math.max(1, beyond);
  }

  /**
   * Takes the first `count` records out into a batch of their own, which ends inside a transaction
   * as far as it knows. `before` is the progress that this batch started from.
   */
  cut(count: number, before: Progress): Batch {
    const head = new Batch(before);
    for (const record of this.records.splice(0, count)) {
      head.add(record, this.openedAtMs);
      this.bytes -= record.bytes;
    }
    this.#parts.reset(this.records);
    return head;
  }

  /** Drops the records that `isCovered` says are published; returns how many. */
  drop(isCovered: (record: OutboxRecord) => boolean): number {
    const kept = this.records.filter((record) => !isCovered(record));
    const dropped = this.records.length - kept.length;
    if (dropped === 0) return 0;
    this.records.splice(0, this.records.length, ...kept);
    this.bytes = kept.reduce((sum, record) => sum + record.bytes, 0);
    this.#parts.reset(kept);
    return dropped;
  }
}
