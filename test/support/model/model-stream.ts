import type {
  ReplicationStream,
  StandbyStatus,
  StreamHandlers,
} from "../../../src/relay/capture/replication-stream.ts";
import { RelayError } from "../../../src/relay/errors.ts";
import type { Lsn } from "../../../src/relay/lsn.ts";
import { LSN_ZERO, lsn } from "../../../src/relay/lsn.ts";
import { LentMemory } from "./lent-memory.ts";
import type { TableVersion } from "./model-catalog.ts";
import type { ModelPostgres, WrittenRow } from "./model-postgres.ts";
import { ENUM_COLUMNS, enumValues, MODEL_COLUMNS, modelValues } from "./model-table.ts";
import { beginBytes, commitBytes, insertBytes, relationBytes } from "./pgoutput-bytes.ts";

/** Of somebody who holds a slot and looks at nothing. */
export const SILENT_HANDLERS: StreamHandlers = {
  message: () => undefined,
  keepalive: () => undefined,
  readEnd: () => undefined,
  closed: () => undefined,
};

/** One hold of the model's slot. */
export class ModelStream implements ReplicationStream {
  readonly identity;
  readonly #postgres: ModelPostgres;
  readonly #handlers: StreamHandlers;
  readonly #ended: () => void;
  readonly #memory = new LentMemory();
  #isPaused = true;
  #isOpen = true;
  /** Tables that were described, as they were then. */
  readonly #sent = new Map<number, TableVersion>();
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
      systemId: postgres.systemId,
      timeline: postgres.timeline,
      xlogPos: lsn(postgres.walEnd - postgres.writtenSinceTold),
      timelineHistory: postgres.timelineHistory,
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

  /** What came with the answer to START_REPLICATION is handed over although nobody has asked to read yet. */
  firstRead(messages: number): void {
    for (let i = 0; i < messages && this.#sendOne(); i += 1);
    if (messages > 0) this.#handlers.readEnd();
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

  cut(error: RelayError = linkBroke()): void {
    this.#end(error);
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
      queueMicrotask(() => this.#end(this.#postgres.decodingFault));
      return false;
    }
    if (this.#row === 0) this.#hand(beginBytes(commitLsn, commitMs));
    const row = rows[this.#row - 1];
    if (row !== undefined) this.#sendRow(row);
    if (this.#row < rows.length) {
      this.#row += 1;
      return true;
    }
    this.#next += 1;
    this.#row = 0;
    this.#hand(commitBytes(commitLsn, endLsn));
    return true;
  }

  #sendRow(row: WrittenRow): void {
    const { version } = row;
    const { oid, schema, name } = version;
    if (row.id === this.#postgres.enumId) return this.#sendEnumRow(row);
    if (this.#sent.get(oid)?.name !== name || this.#sent.get(oid)?.schema !== schema) {
      this.#hand(relationBytes(oid, schema, name, MODEL_COLUMNS));
      this.#sent.set(oid, version);
    }
    this.#hand(insertBytes(oid, modelValues(row)));
  }

  /** A table is described again after each change of it. */
  #sendEnumRow(row: WrittenRow): void {
    const { oid, schema, name } = row.version;
    this.#hand(relationBytes(oid, schema, name, ENUM_COLUMNS));
    this.#sent.delete(oid);
    this.#hand(insertBytes(oid, enumValues(row, !this.#postgres.isTextOnly)));
  }

  #hand(bytes: Uint8Array): void {
    this.#memory.lend(bytes, (lent) => this.#handlers.message(lent));
  }
}

function linkBroke(): RelayError {
  return new RelayError("the link broke", {
    code: "POSTGRES_UNREACHABLE",
    remedy: "retry",
    hint: "wait",
  });
}

/** What a stream ends with at a row that the server cannot decode. */
export function undecodable(): RelayError {
  return new RelayError("a row cannot be decoded", {
    code: "POSTGRES_DECODING",
    remedy: "halt",
    hint: "see the log",
  });
}
