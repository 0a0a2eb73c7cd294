import type {
  ReplicationStream,
  StreamHandlers,
} from "../../../src/relay/capture/replication-stream.ts";
import type { SlotFacts, Vantage } from "../../../src/relay/capture/source-database.ts";
import type { Lsn } from "../../../src/relay/lsn.ts";
import { lsn } from "../../../src/relay/lsn.ts";
import type { Watermark } from "../../../src/relay/watermark.ts";
import { ModelCatalog } from "../../support/model/model-catalog.ts";
import type { SimClock } from "../engine/sim-clock.ts";
import type { SimProcess } from "../engine/sim-process.ts";
import type { AskServer } from "./sim-backfill-rows.ts";
import { SimBackfillRows } from "./sim-backfill-rows.ts";
import { SimCatalog } from "./sim-catalog.ts";
import { busy, lostSlot, noSlot } from "./sim-errors.ts";
import type { SimRow } from "./sim-wal.ts";
import { SimWal } from "./sim-wal.ts";
import { SimWalsender } from "./sim-walsender.ts";
import { SimSnapshot, SimXids } from "./sim-xids.ts";

/** XLOG_RUNNING_XACTS, which Postgres writes for each new logical slot (LogStandbySnapshot). */
const RUNNING_XACTS_BYTES = 56;
/** Of the words that a listener does not hear: his connection was lost, or a pooler has it. */
const DEAF_PROBABILITY = 0.2;

/** How often the slot's position reaches the disk, at least. */
const SAVE_INTERVAL_MS = 700;

export interface SimPostgresOptions {
  /** The walsender holds back what the standby does not have (`synchronized_standby_slots`). */
  readonly isSynchronized: boolean;
  readonly walSenderTimeoutMs: number;
  /** Postgres up to 14 sends transactions without rows, too. */
  readonly sendsEmpty: boolean;
}

/** Called with every position that the slot is moved to by feedback. */
export type ConfirmWatch = (confirmed: Lsn) => void;

/** One database with one slot, on a primary with a standby behind it. */
export class SimPostgres {
  readonly clock: SimClock;
  readonly options: SimPostgresOptions;
  readonly wal: SimWal;
  readonly tables = new ModelCatalog();
  readonly catalog = new SimCatalog();
  readonly xids = new SimXids();
  /** Sessions end with it. */
  incarnation = 0;
  confirmed: Lsn | null = null;
  isUp = true;
  readonly #deleted = new Set<string>();
  #isShuttingDown = false;
  readonly #watch: ConfirmWatch;
  #saved: Lsn | null = null;
  #reserving: SimProcess | null = null;
  #walsender: SimWalsender | null = null;
  #pids = 0;
  readonly #holders = new WeakSet<SimProcess>();
  readonly #reservers = new WeakSet<SimProcess>();
  readonly #shutdownCallbacks = new Set<() => void>();
  readonly #slotFreeCallbacks = new Set<() => void>();

  constructor(options: SimPostgresOptions, clock: SimClock, watch: ConfirmWatch) {
    this.options = options;
    this.clock = clock;
    this.#watch = watch;
    this.wal = new SimWal(clock);
    this.#save();
  }

  /** Whether it takes connections and statements; a walsender may go on without. */
  get isOpen(): boolean {
    return this.isUp && !this.#isShuttingDown;
  }

  get walsender(): SimWalsender | null {
    return this.#walsender;
  }

  /** Called when there is a slot for the first time. */
  slotMade: () => void = () => undefined;

  /** The slot lost its WAL, and cannot be read from any more. */
  isSlotLost = false;

  /** How far the walsender may go. */
  get sendable(): Lsn {
    return this.options.isSynchronized ? this.wal.replicated : this.wal.end;
  }

  /** Something was committed or replicated. */
  changed(): void {
    this.#walsender?.pump();
  }

  /** START_REPLICATION. */
  stream(handlers: StreamHandlers, process: SimProcess, xlogPos: Lsn): ReplicationStream {
    if (this.#walsender !== null) throw busy();
    if (this.confirmed === null) throw noSlot();
    if (this.isSlotLost) throw lostSlot();
    const walsender = new SimWalsender(++this.#pids, this, handlers, process, xlogPos, () => {
      if (this.#walsender === walsender) this.#walsender = null;
    });
    this.#walsender = walsender;
    this.#holders.add(process);
    return walsender.stream;
  }

  /** Whether the process has the slot or had it once. */
  hadSlot(process: SimProcess): boolean {
    return this.#holders.has(process);
  }

  confirm(position: Lsn): void {
    if (this.confirmed === null || position <= this.confirmed) return;
    this.#watch(position);
    this.confirmed = position;
  }

  createSlot(): void {
    if (this.confirmed === null) {
      // A slot is made with a record of the running transactions, so no two begin at one LSN.
      this.wal.write(RUNNING_XACTS_BYTES);
      // A standby that can be promoted with the slot has caught up with it.
      this.wal.replicate(1);
      this.slotMade();
    }
    this.confirmed ??= this.wal.end;
    this.#saved ??= this.confirmed;
  }

  dropSlot(): void {
    if (this.#walsender !== null) throw busy();
    this.isSlotLost = false;
    this.confirmed = null;
    this.#saved = null;
  }

  reserve(process: SimProcess): boolean {
    const isFree = this.#reserving === null || !this.#reserving.isAlive;
    if (isFree) this.#reserving = process;
    if (isFree) this.#reservers.add(process);
    return this.#reserving === process;
  }

  /** Whether the process has reserved the slot, or did once: to make it, or to write down why nobody may read from it. */
  hadReserved(process: SimProcess): boolean {
    return this.#reservers.has(process);
  }

  release(process: SimProcess): void {
    if (this.#reserving === process) this.#reserving = null;
  }

  /** What had committed by now, and where the WAL stands. */
  get watermark(): Watermark {
    return { snapshot: this.xids.snapshot(), lsn: this.wal.end, atMs: this.wal.wallMs };
  }

  /** The slot made again, and the table under the snapshot that is exported with it. */
  createSlotWithRows(since: Watermark | null, ask: AskServer): SimBackfillRows {
    if (this.confirmed !== null) throw busy();
    this.createSlot();
    return this.#tableRows(since, this.watermark, ask);
  }

  /** The table beside a slot that was made before: what the slot brings is left out. */
  rowsBesideSlot(since: Watermark | null, made: Watermark, ask: AskServer): SimBackfillRows {
    return this.#tableRows(since, made, ask);
  }

  #tableRows(since: Watermark | null, made: Watermark, ask: AskServer): SimBackfillRows {
    const shown = new SimSnapshot(made.snapshot);
    const rows = this.wal.transactions
      .flatMap((transaction) => transaction.rows)
      .filter(({ id, xid }) => shown.shows(xid) && !this.#deleted.has(id));
    const { incarnation } = this;
    const isLive = (): boolean => this.isOpen && this.incarnation === incarnation;
    return new SimBackfillRows(rows, since, made, { ask, isLive });
  }

  /** DELETE, in the transaction that inserted them or right after it. */
  remove(rows: readonly SimRow[]): void {
    for (const { id } of rows) this.#deleted.add(id);
  }

  vantage(): Vantage {
    return {
      systemId: "1",
      timeline: this.wal.timeline,
      databaseOid: 5,
      publication: this.catalog.fingerprint,
      findings: [],
      catalog: this.catalog.parts,
      tree: [],
      witness: null,
      watermark: this.watermark,
    };
  }

  slot(name: string): SlotFacts | null {
    if (this.confirmed === null) return null;
    return {
      name,
      plugin: "pgoutput",
      database: "db",
      temporary: false,
      isSynced: false,
      active: this.#walsender !== null,
      activePid: this.#walsender?.pid ?? null,
      confirmedLsn: this.confirmed,
      restartLsn: this.confirmed,
      walStatus: this.isSlotLost ? "lost" : "reserved",
      invalidationReason: this.isSlotLost ? "wal_removed" : null,
      retainedBytes: Number(this.wal.end - this.confirmed),
      unconfirmedBytes: Number(this.wal.end - this.confirmed),
      safeWalBytes: null,
      catalogXminAge: null,
      walEnd: this.wal.end,
      serverStart: "1",
    };
  }

  onShutdown(callback: () => void): () => void {
    this.#shutdownCallbacks.add(callback);
    return () => this.#shutdownCallbacks.delete(callback);
  }

  onSlotFree(callback: () => void): () => void {
    this.#slotFreeCallbacks.add(callback);
    return () => this.#slotFreeCallbacks.delete(callback);
  }

  /** NOTIFY: each listener hears of it in his own time, or never. */
  announceSlotFree(): void {
    for (const callback of this.#slotFreeCallbacks) {
      if (!this.clock.chance(DEAF_PROBABILITY)) this.clock.after(this.clock.random() * 5, callback);
    }
  }

  /** Fast shutdown: sessions end, and the walsender first sends everything and waits until it is confirmed. */
  beginShutdown(): void {
    this.#isShuttingDown = true;
    for (const callback of [...this.#shutdownCallbacks]) callback();
    this.#walsender?.shutDown();
  }

  /** Whether nothing holds a fast shutdown up any more. */
  get canStop(): boolean {
    return this.#walsender === null;
  }

  stop(): void {
    this.#goAway();
    this.#walsender?.cut();
    if (this.confirmed !== null) this.#saved = this.confirmed;
  }

  /** At once, as with an immediate shutdown or a lost machine: the slot is back where it was saved last. */
  crash(): void {
    this.#goAway();
    this.#walsender?.cut();
    this.confirmed = this.#saved;
  }

  #goAway(): void {
    this.isUp = false;
    this.incarnation += 1;
    this.xids.interrupt();
  }

  start(): void {
    this.isUp = true;
    this.#isShuttingDown = false;
  }

  /** The standby takes over, its slot somewhere at or below the one of the old primary. */
  promote(): void {
    this.crash();
    this.wal.promote();
    const confirmed = this.confirmed ?? lsn(0n);
    if (confirmed > this.wal.end) this.confirmed = this.wal.end;
    this.#saved = this.confirmed;
    this.start();
  }

  #save(): void {
    this.clock.after(SAVE_INTERVAL_MS * (0.5 + this.clock.random()), () => {
      if (this.isUp) this.#saved = this.confirmed;
      this.#save();
    });
  }
}
