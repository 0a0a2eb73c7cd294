import { parseLsn } from "../../../src/relay/lsn.ts";
import type { LogEntry } from "../../support/brokers/partition-log.ts";
import type { ModelConsumer } from "./consumer.ts";
import type { HaltedCheckpoint } from "./halt-oracle.ts";
import { HaltOracle } from "./halt-oracle.ts";
import type { CommittedRow } from "./history.ts";
import { History } from "./history.ts";
import type { SeenRecord } from "./read-records.ts";
import { readEntry } from "./read-records.ts";
import { WrittenOrder } from "./written-order.ts";

/** The checker's letters: lost, phantom, duplicated, order, bytes, confirmed too early, checkpoint, fencing, halted, a halt that does not stay, recovers, ends when it is asked to, a bug. */
export type Letter = "L" | "P" | "D" | "O" | "B" | "I1" | "C" | "F" | "H" | "S" | "R" | "E" | "bug";

export interface Violation {
  readonly letter: Letter;
  readonly text: string;
}

export interface OracleOptions {
  readonly delivery: "exactly-once" | "at-least-once";
  readonly checkpointTopic: string;
  readonly slot: string;
}

/** The fields of the checkpoint record that matter here, as they are documented. */
interface StoredCheckpoint extends HaltedCheckpoint {
  readonly commit: string;
  readonly index: number;
  readonly end: string | null;
  readonly keepalive: string;
  readonly snapshot: { readonly lsn: string } | null;
  /** A repair that was begun is written down with the watermark it goes by, and without a position. */
  readonly pending?: string | null;
  /** With which snapshot the slot of a repair was made. */
  readonly slot?: unknown;
}

const VIOLATIONS_MAX = 20;

/**
 * Watches the world from outside, at every step. In exactly-once mode each decided transaction must hold exactly the next
 * rows in commit order, and its checkpoint must say just that; in both modes consumers and confirmations are checked.
 */
export class Oracle {
  readonly history = new History();
  readonly halts = new HaltOracle((text) => this.violated("S", text));
  /** Somebody wrote down that rows are to come by way of the table. */
  hasRepairBegun = false;
  readonly violations: Violation[] = [];
  readonly #options: OracleOptions;
  /** Rows that no crash can take from Kafka any more. */
  readonly #durable = new Set<string>();
  /** So many rows, from the first, are known to be durable. */
  #durableUpTo = 0;
  /** In exactly-once mode: so many rows were published. */
  #published = 0;
  #checkpoint: { readonly commit: bigint; readonly index: number } = { commit: 0n, index: 0 };
  #covered = 0n;
  readonly #seen = new Map<string, string>();
  readonly #lastPosition = new Map<string, string>();
  readonly #lastOrder = new Map<string, number>();
  readonly #written = new WrittenOrder();
  #hasGap = false;
  #firstRow = 0;
  #isRepairPending = false;
  #isSlotKept = false;

  constructor(options: OracleOptions) {
    this.#options = options;
  }

  get consumed(): number {
    return this.#seen.size;
  }

  /** What the newest decided checkpoint lets Postgres forget. */
  get covered(): bigint {
    return this.#covered;
  }

  /** By the newest decided checkpoint rows are still to come by way of the table. */
  get isRepairPending(): boolean {
    return this.#isRepairPending;
  }

  /** By the newest decided checkpoint all that is committed from now on comes by the slot, whatever becomes of the table. */
  get isSlotKept(): boolean {
    return this.#isSlotKept;
  }

  violated(letter: Letter, text: string): void {
    if (this.violations.length < VIOLATIONS_MAX) this.violations.push({ letter, text });
  }

  /** The first row that may be read from the slot: what was committed before it existed is nobody's. */
  startFrom(rows: number): void {
    this.#firstRow = rows;
    this.#published = rows;
    this.#durableUpTo = rows;
  }

  /** A promotion took the newest rows back, some of which were published: everything after the ones that are left is still to come. */
  promoted(): void {
    const rows = this.history.rows.length;
    this.#published = Math.min(this.#published, rows);
    this.#durableUpTo = Math.min(this.#durableUpTo, rows);
    this.#checkpoint = { commit: 0n, index: 0 };
  }

  /**
   * The slot is gone or skips rows: from now on rows may come by way of the table, at other positions and in the order of
   * writing. Each of them once all the same, and confirmations and the end are checked as ever.
   */
  gap(): void {
    this.#hasGap = true;
  }

  /** The newest rows are no more; consumers may have seen some of them, published or on their way. */
  undone(): void {
    const last = this.history.rows.length - 1;
    for (const [key, order] of this.#lastOrder) this.#lastOrder.set(key, Math.min(order, last));
  }

  /** A transaction is decided: what it wrote counts from now on. */
  decided(entries: readonly LogEntry[], isCommit: boolean): void {
    if (!isCommit) return;
    const records = entries
      .filter(({ topic }) => topic !== this.#options.checkpointTopic)
      .flatMap(readEntry);
    for (const { id } of records) this.#durable.add(id);
    const checkpoints = entries.filter(({ topic }) => topic === this.#options.checkpointTopic);
    this.halts.published(records.length);
    this.#checkNextRows(records);
    for (const entry of checkpoints) this.#checkCheckpoint(entry);
  }

  /** Without transactions, what is appended counts. */
  appended(entry: LogEntry): void {
    if (entry.topic === this.#options.checkpointTopic) return this.#checkCheckpoint(entry);
    for (const { id } of readEntry(entry)) this.#durable.add(id);
  }

  confirmed(lsn: bigint): void {
    const count = this.history.countBefore(lsn);
    for (; this.#durableUpTo < count; this.#durableUpTo++) {
      const row = this.history.rows[this.#durableUpTo];
      if (row === undefined || this.#durable.has(row.id)) continue;
      return this.violated(
        "I1",
        `confirmed ${lsn.toString(16)} while row ${row.id} is not durable at Kafka`,
      );
    }
  }

  consume(consumer: ModelConsumer): void {
    for (const record of consumer.poll()) this.#check(record, consumer.name);
  }

  /** Once all is healed and idle. */
  checkNothingLost(firstRow: number): void {
    for (const row of this.history.rows.slice(firstRow)) {
      if (!this.#seen.has(row.id))
        this.violated("L", `row ${row.id} was committed and never published`);
    }
  }

  #checkNextRows(records: readonly SeenRecord[]): void {
    if (records.length === 0 || this.#hasGap) return;
    const next = this.history.rows.slice(this.#published, this.#published + records.length);
    const ids = new Set(records.map(({ id }) => id));
    const missing = next.find(({ id }) => !ids.has(id));
    if (missing !== undefined || ids.size !== next.length) {
      const shown = [...ids].slice(0, 5).join(", ");
      this.violated(
        "C",
        `a transaction holds ${ids.size} rows (${shown}, ...) where ${next[0]?.id ?? "nothing"} is next`,
      );
      const last = records.map(({ id }) => this.history.find(id)?.order ?? -1);
      this.#published = Math.max(this.#published, ...last.map((order) => order + 1));
      return;
    }
    this.#published += records.length;
  }

  #checkCheckpoint(entry: LogEntry): void {
    for (const { key, value } of readEntry(entry)) {
      if (key !== this.#options.slot) continue;
      const stored = JSON.parse(value ?? "null") as StoredCheckpoint;
      const { commit, index, end, keepalive, snapshot, pending, slot } = stored;
      this.halts.stored(stored);
      this.#isRepairPending = pending === "backfill";
      this.hasRepairBegun ||= this.#isRepairPending;
      this.#isSlotKept = this.hasRepairBegun && (!this.#isRepairPending || slot !== undefined);
      const ended = parseLsn(end ?? commit);
      const kept = parseLsn(keepalive);
      this.#covered = ended > kept ? ended : kept;
      const shown = snapshot === null ? 0n : parseLsn(snapshot.lsn);
      if (shown > this.#covered && pending !== "backfill") {
        this.violated("C", `the watermark ${shown.toString(16)} is ahead of its checkpoint`);
      }
      this.#checkProgress({ commit: parseLsn(commit), index });
    }
  }

  #checkProgress(now: { readonly commit: bigint; readonly index: number }): void {
    const before = this.#checkpoint;
    const isBack =
      now.commit < before.commit || (now.commit === before.commit && now.index < before.index);
    // What is begun is written to the checkpoint without a position.
    if (this.#hasGap) return;
    if (isBack && this.#options.delivery === "exactly-once") {
      this.violated("C", `the checkpoint went back to ${now.commit.toString(16)} row ${now.index}`);
    }
    this.#checkpoint = now;
    if (this.#options.delivery === "at-least-once") return;
    const covered = this.history.countUpTo(now.commit, now.index);
    if (covered === this.#published) return;
    this.violated("C", `the checkpoint covers ${covered} rows, ${this.#published} were published`);
    this.#published = covered;
  }

  #check(record: SeenRecord, partition: string): void {
    const row = this.history.find(record.id);
    if (row === undefined) {
      if (!this.history.ghosts.has(record.id))
        this.violated("P", `row ${record.id} was never committed`);
      return;
    }
    const former = this.#seen.get(record.id);
    this.#checkContent(record, row);
    if (former !== undefined) {
      const isAllowed = this.#options.delivery === "at-least-once" && former === record.position;
      if (!isAllowed)
        this.violated("D", `row ${record.id} came twice, at ${former} and ${record.position}`);
      return;
    }
    this.#seen.set(record.id, record.position);
    this.#checkOrder(record, row, partition);
  }

  #checkContent(record: SeenRecord, row: ReturnType<History["find"]> & object): void {
    const isSame =
      record.key === row.key &&
      record.value === row.payload &&
      record.topic.endsWith(row.route) &&
      (this.#hasGap || isAtItsPlace(record, row));
    if (!isSame)
      this.violated("B", `row ${record.id} is not what was committed: ${JSON.stringify(record)}`);
  }

  #checkOrder(record: SeenRecord, row: CommittedRow, partition: string): void {
    const { order } = row;
    const last = this.#lastPosition.get(partition) ?? "";
    if (record.position <= last)
      this.violated("O", `${partition}: ${record.position} came after ${last}`);
    this.#lastPosition.set(partition, record.position);
    const key = `${record.topic} ${record.key}`;
    // What was there before the first slot, a repair without a watermark brings as well.
    if (order >= this.#firstRow && !this.#written.take(key, row))
      this.violated("O", `key ${key}: row ${record.id} came after one that was written later`);
    const lastOrder = this.#lastOrder.get(key) ?? -1;
    const isFromTable = this.#hasGap && !isAtItsPlace(record, row);
    if (order <= lastOrder && !isFromTable)
      this.violated("O", `key ${key}: row ${record.id} came too late`);
    this.#lastOrder.set(key, Math.max(order, lastOrder));
  }
}

/** Whether it has the position of its row in the WAL. */
function isAtItsPlace({ position }: SeenRecord, row: CommittedRow): boolean {
  const [timeline = "", commit = "", index = ""] = position.split("/");
  return (
    Number.parseInt(timeline, 16) === row.timeline &&
    BigInt(`0x${commit}`) === row.commitLsn &&
    Number.parseInt(index, 16) === row.index
  );
}
