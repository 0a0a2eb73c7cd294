import type { Catalog } from "../../../src/relay/capture/catalog.ts";
import type {
  CatalogAnswer,
  CatalogQuestion,
  RelationQuestion,
} from "../../../src/relay/capture/catalog-lookup.ts";
import type {
  BackfillStream,
  ReplicationSource,
  ReplicationStream,
  RowsBesideSlot,
  StreamHandlers,
} from "../../../src/relay/capture/replication-stream.ts";
import type {
  SlotFacts,
  SourceDatabase,
  Vantage,
} from "../../../src/relay/capture/source-database.ts";
import type { TreePart } from "../../../src/relay/capture/tree.ts";
import { RelayError } from "../../../src/relay/errors.ts";
import type { Finding } from "../../../src/relay/finding.ts";
import type { Lsn } from "../../../src/relay/lsn.ts";
import { formatLsn, lsn } from "../../../src/relay/lsn.ts";
import type { Watermark } from "../../../src/relay/watermark.ts";
import { ModelBackfillRows, rowsBeside } from "./model-backfill-rows.ts";
import type { TableVersion } from "./model-catalog.ts";
import { ModelCatalog } from "./model-catalog.ts";
import { modelSlot } from "./model-slot.ts";
import { ModelStream, undecodable } from "./model-stream.ts";

export interface ModelRow {
  readonly id: string;
  readonly key: string | null;
  readonly payload?: string | null;
  readonly route?: string;
  /** The outbox table unless given. */
  readonly table?: number;
}

/** A row, and its table as it stood when the row was written. */
export type WrittenRow = ModelRow & { readonly version: TableVersion };

export interface ModelTransaction {
  readonly commitLsn: Lsn;
  readonly endLsn: Lsn;
  readonly commitMs: number;
  readonly rows: readonly WrittenRow[];
}

/** A server with one slot: keeps what is not confirmed, sends it again from there, hands out the slot once. */
export class ModelPostgres implements ReplicationSource, SourceDatabase {
  readonly transactions: ModelTransaction[] = [];
  readonly tables = new ModelCatalog();
  /** OIDs that the catalog was asked for; null: for the tree alone. */
  questions: (number | null)[] = [];
  /** The last relation that was asked for. */
  lastRelation: RelationQuestion | null = null;
  /** What the next question fails with. */
  catalogFault: RelayError | null = null;
  confirmed: Lsn = lsn(1000n);
  confirmations: Lsn[] = [];
  findings: Finding[] = [];
  /** Where questions lead; the stream is of server 1. */
  askedServer = "1";
  hasSlot = false;
  systemId = "1";
  /** Bytes of WAL written between the moment at which a stream's server announced its end and the one at which the slot was taken. */
  writtenSinceTold = 0n;
  timeline = 1;
  timelineHistory: string | null = null;
  databaseOid = 5;
  publication = "p";
  /** What preflight and each look find below the outbox tables. */
  treeFindings: readonly Finding[] = [];
  tree: readonly TreePart[] = [];
  touched = "1";
  owner = "10";
  /** What the table holds that was committed before a slot that is made again. */
  tableRows: ModelRow[] = [];
  /** Why the tables may not be read for a backfill; null: they may. */
  unreadable: RelayError | null = null;
  /** Ids of rows of the table of which no transaction tells whether they were inserted before the slot was made. */
  doubtfulIds: string[] = [];
  /** Since what the tables were read last; undefined: they were not. */
  readSince: Watermark | null | undefined = undefined;
  /** Slots that were dropped. */
  drops = 0;
  /** Opened so far. */
  streams = 0;
  /** Messages that the first read of a stream brings: the socket is paused only after it. */
  firstReadMessages = 0;
  /** Of a row at which decoding fails, each time. */
  undecodableId: string | null = null;
  /** Whether the server has decoded ahead of who reads: it has let the slot go when the stream begins. */
  decodesAhead = false;
  /** What the stream ends with there. */
  decodingFault = undecodable();
  /** Of a row that was written while its type column was an enum. */
  enumId: string | null = null;
  isTextOnly = false;
  /** How many streams were asked for, and how many control connections given up. */
  opens = 0;
  reconnects = 0;
  #end: Lsn = lsn(1000n);
  #stream: ModelStream | null = null;
  /** Whether a word that the slot is free reaches nobody, as behind a pooler. */
  isDeaf = false;
  announcements = 0;
  readonly #shutdownCallbacks = new Set<() => void>();
  readonly #slotFreeCallbacks = new Set<() => void>();

  get catalogParts(): Catalog {
    const { publication: deciding, touched, owner } = this;
    return { "publication p": { deciding, touched, owner } };
  }

  get walEnd(): Lsn {
    return this.#end;
  }

  get isStreaming(): boolean {
    return this.#stream !== null;
  }

  /** Commits one transaction and streams it. */
  commit(rows: readonly ModelRow[], commitMs = 1_700_000_000_000): void {
    const commitLsn = lsn(this.#end + 16n);
    const endLsn = lsn(commitLsn + 48n);
    const written = rows.map((row) => ({ ...row, version: this.tables.version(row.table) }));
    this.transactions.push({ commitLsn, endLsn, commitMs, rows: written });
    this.#end = endLsn;
    this.#stream?.feed();
  }

  /** WAL of others: nothing for the outbox. */
  otherWal(bytes: number): void {
    this.#end = lsn(this.#end + BigInt(bytes));
  }

  keepalive(replyRequested: boolean): void {
    this.#stream?.keepalive(this.#end, replyRequested);
  }

  /** The link breaks. */
  cut(error?: RelayError): void {
    this.#stream?.cut(error);
  }

  /** The reader's process is gone: nobody hears of it, the slot is free. */
  abandon(): void {
    this.#stream?.abandon();
    this.#stream = null;
  }

  /** The server crashed: the link breaks, and the slot is back where it was saved last. */
  crash(): void {
    this.confirmed = this.confirmations.at(-3) ?? this.confirmed;
    this.cut();
  }

  /** A standby that had replayed the WAL up to `switchLsn` takes over; the slot was synchronised up to there. */
  promote(switchLsn: Lsn): void {
    this.cut();
    this.timelineHistory = `${this.timelineHistory ?? ""}${this.timeline}\t${formatLsn(switchLsn)}\tpromoted\n`;
    this.timeline += 1;
    const kept = this.transactions.filter(({ endLsn }) => endLsn <= switchLsn);
    this.transactions.splice(0, this.transactions.length, ...kept);
    this.#end = switchLsn;
    if (this.confirmed > switchLsn) this.confirmed = switchLsn;
  }

  shutDown(): void {
    for (const callback of this.#shutdownCallbacks) callback();
  }

  open(handlers: StreamHandlers): Promise<ReplicationStream> {
    this.opens += 1;
    if (this.#stream !== null) {
      return Promise.reject(
        new RelayError("the slot is busy", { code: "SLOT_BUSY", remedy: "standby", hint: "wait" }),
      );
    }
    const stream = new ModelStream(this, handlers, () => {
      if (this.#stream === stream) this.#stream = null;
    });
    this.#stream = stream;
    stream.firstRead(this.firstReadMessages);
    if (this.decodesAhead && this.undecodableId !== null) this.#stream = null;
    return Promise.resolve(stream);
  }

  preflight(): Promise<readonly Finding[]> {
    return Promise.resolve([...this.findings, ...this.treeFindings]);
  }

  slot(): Promise<SlotFacts | null> {
    return Promise.resolve(this.hasSlot ? modelSlot(this, this.#stream) : null);
  }

  createSlot(): Promise<void> {
    this.hasSlot = true;
    this.confirmed = this.#end;
    return Promise.resolve();
  }

  dropSlot(): Promise<void> {
    this.drops += 1;
    this.hasSlot = false;
    return Promise.resolve();
  }

  reserve(): Promise<boolean> {
    return Promise.resolve(true);
  }

  release(): Promise<void> {
    return Promise.resolve();
  }

  countUp(): Promise<null> {
    return Promise.resolve(null);
  }

  vantage(): Promise<Vantage> {
    const watermark = { snapshot: `1:${this.#end}:`, lsn: this.#end, atMs: 0 };
    return Promise.resolve({
      systemId: this.systemId,
      timeline: this.timeline,
      databaseOid: this.databaseOid,
      publication: this.publication,
      findings: this.treeFindings,
      catalog: this.catalogParts,
      tree: this.tree,
      witness: null,
      watermark,
    });
  }

  catalog(question: CatalogQuestion): Promise<CatalogAnswer> {
    this.questions.push(question.relation?.oid ?? null);
    this.lastRelation = question.relation ?? this.lastRelation;
    const fault = this.catalogFault;
    this.catalogFault = null;
    if (fault !== null) return Promise.reject(fault);
    return Promise.resolve(this.tables.look(question, this.systemId, this.#end));
  }

  async openBackfill(since: Watermark | null, handlers: StreamHandlers): Promise<BackfillStream> {
    this.readSince = since;
    await this.createSlot();
    const rows = new ModelBackfillRows(this.confirmed, this.tableRows);
    return { stream: await this.open(handlers), rows };
  }

  assertReadable(): Promise<void> {
    return this.unreadable === null ? Promise.resolve() : Promise.reject(this.unreadable);
  }

  useText(): boolean {
    const isNew = !this.isTextOnly;
    this.isTextOnly = true;
    return isNew;
  }

  readBesideSlot(since: Watermark | null, made: Watermark): Promise<RowsBesideSlot> {
    this.readSince = since;
    const { transactions, tableRows, doubtfulIds } = this;
    const beside = rowsBeside(made.lsn, transactions, tableRows, doubtfulIds);
    return Promise.resolve({ ...beside, readLsn: this.#end });
  }

  reconnect(): void {
    this.reconnects += 1;
  }

  onShutdown(callback: () => void): () => void {
    this.#shutdownCallbacks.add(callback);
    return () => this.#shutdownCallbacks.delete(callback);
  }

  onSlotFree(callback: () => void): () => void {
    const entry = (): void => callback();
    this.#slotFreeCallbacks.add(entry);
    return () => this.#slotFreeCallbacks.delete(entry);
  }

  announceSlotFree(_signal?: AbortSignal): Promise<void> {
    this.announcements += 1;
    if (!this.isDeaf) for (const callback of [...this.#slotFreeCallbacks]) callback();
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
