import { invariant } from "../errors.ts";
import type { OutboxRecord } from "../event/outbox-record.ts";
import type { Lsn } from "../lsn.ts";
import { maxLsn } from "../lsn.ts";
import { covers } from "../position.ts";
import type { Progress } from "../progress.ts";
import { coveredLsn, furtherProgress, NO_PROGRESS } from "../progress.ts";
import { Batch, heldBytes } from "./batch.ts";

export interface BatchLimits {
  readonly eventsMax: number;
  readonly bytesMax: number;
}

/**
 * Everything read and not yet durable at Kafka, in commit order: batches in flight, sealed batches
 * that wait, and the open one that fills. A batch ends by size, never by transaction.
 *
 * Invariants: nothing leaves but by `settle` or because a checkpoint covers it; `progress` of later
 * batches is never behind that of earlier ones.
 * Bounds: the caller stops reading while `bytes` is above its limit.
 */
export class Backlog {
  readonly #limits: BatchLimits;
  readonly #inFlight: Batch[] = [];
  readonly #sealed: Batch[] = [];
  #open = new Batch(NO_PROGRESS);
  #settled: Progress = NO_PROGRESS;
  #bytes = 0;

  constructor(limits: BatchLimits) {
    this.#limits = limits;
  }

  /** Memory held, in flight included, about. */
  get bytes(): number {
    return this.#bytes;
  }

  get inFlight(): number {
    return this.#inFlight.length;
  }

  /** Records in flight, and the bytes they take on the wire, about. */
  get inFlightRecords(): { readonly count: number; readonly bytes: number } {
    return sumOf(this.#inFlight);
  }

  /** Records that wait or are in flight. */
  get recordCount(): number {
    return sumOf([...this.#inFlight, ...this.#sealed, this.#open]).count;
  }

  /** How far the newest durable checkpoint reaches. */
  get settled(): Progress {
    return this.#settled;
  }

  /** How far everything read so far reaches. */
  get read(): Progress {
    return this.#open.progress;
  }

  /** Whether a record waits or is in flight. */
  get hasRecords(): boolean {
    return this.#inFlight.length > 0 || this.#sealed.length > 0 || this.#open.records.length > 0;
  }

  /** Commit time of the oldest record that is not durable, ms since 1970; null when there is none. */
  get oldestCommitMs(): number | null {
    const batches = [this.#inFlight[0], this.#sealed[0], this.#open];
    for (const batch of batches) {
      const record = batch?.records[0];
      if (record !== undefined) return record.timestampMs;
    }
    return null;
  }

  /** The oldest record that is not in flight. */
  get first(): OutboxRecord | null {
    return this.#sealed[0]?.records[0] ?? this.#open.records[0] ?? null;
  }

  /** Returns whether a batch was sealed by it, that is, whether a transaction may have been split. */
  add(record: OutboxRecord, nowMs: number): boolean {
    this.#open.add(record, nowMs);
    this.#bytes += heldBytes(record);
    const { records, bytes } = this.#open;
    const full = records.length >= this.#limits.eventsMax || bytes >= this.#limits.bytesMax;
    if (full) this.#seal();
    return full;
  }

  /** The transaction at `commitLsn` ended after `rows` outbox rows. */
  endTransaction(commitLsn: Lsn, rows: number, endLsn: Lsn): void {
    const { keepaliveLsn } = this.#open.progress;
    const ended = { commitLsn, index: rows, endLsn, keepaliveLsn };
    this.#open.progress = furtherProgress(this.#open.progress, ended);
  }

  /** A keepalive outside a transaction: nothing below `walEnd` is still to come. */
  keepalive(walEnd: Lsn): void {
    const { progress } = this.#open;
    this.#open.progress = { ...progress, keepaliveLsn: maxLsn(progress.keepaliveLsn, walEnd) };
  }

  /** When the next batch with records is due, monotonic ms: at once when one is full, else after linger. */
  dueAtMs(lingerMs: number): number | null {
    if (this.#sealed.length > 0) return 0;
    return this.#open.records.length > 0 ? this.#open.openedAtMs + lingerMs : null;
  }

  /** Bytes of WAL that could be confirmed and are not, with no record in the way. */
  get idleBytes(): number {
    return this.hasRecords ? 0 : Number(coveredLsn(this.read) - coveredLsn(this.#settled));
  }

  /** Hands out the oldest batch, sealing the open one when no other waits; null when there is nothing new in it. */
  take(): Batch | null {
    if (this.#sealed.length === 0) {
      if (this.#open.records.length === 0 && this.idleBytes <= 0) return null;
      this.#seal();
    }
    const batch = this.#sealed.shift() ?? null;
    if (batch !== null) this.#inFlight.push(batch);
    return batch;
  }

  /** Lets only the first `count` records of the batch taken last go; the rest waits at the front. */
  cutTaken(batch: Batch, count: number): Batch {
    const taken = this.#inFlight.pop();
    invariant(taken === batch && count > 0, "only the newest batch in flight is cut");
    const before = this.#inFlight.at(-1)?.progress ?? this.#settled;
    const head = batch.cut(count, before);
    this.#sealed.unshift(batch);
    this.#inFlight.push(head);
    return head;
  }

  /** Takes back the batch taken last, before it was sent. */
  putBack(batch: Batch): void {
    invariant(this.#inFlight.pop() === batch, "only the newest batch in flight is put back");
    this.#sealed.unshift(batch);
  }

  /** The oldest batch in flight is durable. */
  settle(batch: Batch): void {
    invariant(this.#inFlight.shift() === batch, "batches become durable in their order");
    this.#settled = furtherProgress(this.#settled, batch.progress);
    this.#bytes -= batch.heldBytes;
  }

  /**
   * Goes on from a checkpoint that was just read: what it covers is dropped, the rest waits again in
   * order. Returns the number of records dropped.
   * `isStored` false: nothing is durable yet, so that a first checkpoint at `from` is still to be written.
   */
  resume(timeline: number, from: Progress, isStored: boolean): number {
    const waiting = [...this.#inFlight.splice(0), ...this.#sealed.splice(0)];
    const position = { timeline, commitLsn: from.commitLsn, index: from.index };
    let dropped = 0;
    for (const batch of [...waiting, this.#open]) {
      dropped += batch.drop((record) => covers(position, record.commitLsn, record.index));
      batch.progress = furtherProgress(batch.progress, from);
    }
    this.#sealed.push(...waiting.filter((batch) => batch.records.length > 0));
    this.#bytes = [...this.#sealed, this.#open].reduce((sum, batch) => sum + batch.heldBytes, 0);
    this.#settled = isStored ? from : NO_PROGRESS;
    return dropped;
  }

  #seal(): void {
    this.#sealed.push(this.#open);
    this.#open = new Batch(this.#open.progress);
  }
}

function sumOf(batches: readonly Batch[]): { readonly count: number; readonly bytes: number } {
  let count = 0;
  let bytes = 0;
  for (const batch of batches) {
    count += batch.records.length;
    bytes += batch.bytes;
  }
  return { count, bytes };
}
