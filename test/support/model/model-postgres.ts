import type {
  ReplicationSource,
  ReplicationStream,
  StandbyStatus,
  StreamHandlers,
} from "../../../src/relay/capture/replication-stream.ts";
import type { SlotFacts, SourceDatabase } from "../../../src/relay/capture/source-database.ts";
import { RelayError } from "../../../src/relay/errors.ts";
import type { Finding } from "../../../src/relay/finding.ts";
import type { Lsn } from "../../../src/relay/lsn.ts";
import { LSN_ZERO, lsn } from "../../../src/relay/lsn.ts";
import { beginBytes, commitBytes, insertBytes, relationBytes } from "./pgoutput-bytes.ts";

const TABLE_OID = 4711;
const COLUMNS = ["id", "aggregatetype", "aggregateid", "type", "payload"].map((name) => ({
  name,
  typeOid: 25,
}));

export interface ModelRow {
  readonly id: string;
  readonly key: string | null;
  readonly payload?: string | null;
  readonly route?: string;
}

interface ModelTransaction {
  readonly commitLsn: Lsn;
  readonly endLsn: Lsn;
  readonly commitMs: number;
  readonly rows: readonly ModelRow[];
}

/** A server with one slot: keeps what is not confirmed, sends it again from there, hands out the slot once. */
export class ModelPostgres implements ReplicationSource, SourceDatabase {
  readonly transactions: ModelTransaction[] = [];
  confirmed: Lsn = lsn(1000n);
  confirmations: Lsn[] = [];
  findings: Finding[] = [];
  /** Where questions lead; the stream is of server 1. */
  askedServer = "1";
  hasSlot = true;
  /** Opened so far. */
  streams = 0;
  /** Of a row at which decoding fails, each time. */
  undecodableId: string | null = null;
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
    this.transactions.push({ commitLsn, endLsn, commitMs, rows });
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
  cut(): void {
    this.#stream?.cut();
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
    return Promise.resolve(stream);
  }

  preflight(): Promise<readonly Finding[]> {
    return Promise.resolve(this.findings);
  }

  slot(): Promise<SlotFacts | null> {
    if (!this.hasSlot) return Promise.resolve(null);
    return Promise.resolve({
      name: "slot",
      plugin: "pgoutput",
      database: "db",
      temporary: false,
      active: this.#stream !== null,
      activePid: this.#stream?.identity.walSenderPid ?? null,
      confirmedLsn: this.confirmed,
      restartLsn: this.confirmed,
      walStatus: "reserved",
      invalidationReason: null,
      retainedBytes: 0,
      unconfirmedBytes: 0,
      safeWalBytes: null,
      catalogXminAge: null,
      walEnd: this.#end,
      serverStart: this.askedServer,
    });
  }

  createSlot(): Promise<void> {
    this.hasSlot = true;
    this.confirmed = this.#end;
    return Promise.resolve();
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

function undecodable(): RelayError {
  return new RelayError("a row cannot be decoded", {
    code: "POSTGRES_DECODING",
    remedy: "halt",
    hint: "see the log",
  });
}

class ModelStream implements ReplicationStream {
  readonly identity;
  readonly #postgres: ModelPostgres;
  readonly #handlers: StreamHandlers;
  readonly #ended: () => void;
  #isPaused = true;
  #isOpen = true;
  #knowsRelation = false;
  /** The transaction to send next, and the row inside it: 0 is BEGIN. */
  #next: number;
  #row = 0;

  constructor(postgres: ModelPostgres, handlers: StreamHandlers, ended: () => void) {
    this.#postgres = postgres;
    this.#handlers = handlers;
    this.#ended = ended;
    const next = postgres.transactions.findIndex(
      ({ commitLsn }) => commitLsn >= postgres.confirmed,
    );
    this.#next = next < 0 ? postgres.transactions.length : next;
    this.identity = {
      systemId: "1",
      timeline: 1,
      xlogPos: postgres.walEnd,
      timelineHistory: null,
      walSenderTimeoutMs: 15_000,
      walSenderPid: ++postgres.streams,
      serverStart: "1",
    };
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.feed();
  }

  feed(): void {
    while (!this.#isPaused && this.#isOpen && this.#sendOne());
    if (this.#isOpen) this.#handlers.readEnd();
  }

  keepalive(walEnd: Lsn, replyRequested: boolean): void {
    if (!this.#isPaused) this.#handlers.keepalive(walEnd, replyRequested);
  }

  sendStatus({ confirmed }: StandbyStatus): void {
    if (!this.#isOpen || confirmed === LSN_ZERO) return;
    this.#postgres.confirmations.push(confirmed);
    if (confirmed > this.#postgres.confirmed) this.#postgres.confirmed = confirmed;
  }

  cut(): void {
    this.#end(
      new RelayError("the link broke", {
        code: "POSTGRES_UNREACHABLE",
        remedy: "retry",
        hint: "wait",
      }),
    );
  }

  #end(error: RelayError): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#ended();
    this.#handlers.closed(error);
  }

  abandon(): void {
    this.#isOpen = false;
  }

  close(): Promise<void> {
    this.#isOpen = false;
    this.#ended();
    return Promise.resolve();
  }

  #sendOne(): boolean {
    const transaction = this.#postgres.transactions[this.#next];
    if (transaction === undefined) return false;
    const { commitLsn, endLsn, commitMs, rows } = transaction;
    if (rows.some(({ id }) => id === this.#postgres.undecodableId)) {
      queueMicrotask(() => this.#end(undecodable()));
      return false;
    }
    if (this.#row === 0) this.#handlers.message(beginBytes(commitLsn, commitMs));
    const row = rows[this.#row - 1];
    if (row !== undefined) this.#sendRow(row);
    if (this.#row < rows.length) {
      this.#row += 1;
      return true;
    }
    this.#next += 1;
    this.#row = 0;
    this.#handlers.message(commitBytes(commitLsn, endLsn));
    return true;
  }

  #sendRow({ id, key, payload, route }: ModelRow): void {
    if (!this.#knowsRelation) {
      this.#handlers.message(relationBytes(TABLE_OID, "public", "outbox", COLUMNS));
      this.#knowsRelation = true;
    }
    const values = [
      id,
      route ?? "order",
      key,
      "placed",
      payload === undefined ? `{"id":"${id}"}` : payload,
    ];
    this.#handlers.message(insertBytes(TABLE_OID, values));
  }
}
