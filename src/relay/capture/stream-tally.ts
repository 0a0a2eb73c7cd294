/** What a first byte of pgoutput, protocol 1, stands for. */
const TYPES = {
  begin: 0x42,
  commit: 0x43,
  insert: 0x49,
  update: 0x55,
  delete: 0x44,
  truncate: 0x54,
  relation: 0x52,
  type: 0x59,
  origin: 0x4f,
  message: 0x4d,
} as const;

export type MessageType = keyof typeof TYPES | "keepalive";

export const MESSAGE_TYPES: readonly MessageType[] = [
  ...(Object.keys(TYPES) as (keyof typeof TYPES)[]),
  "keepalive",
];

/** Rows of one outbox table, by where they came from; rows that a checkpoint covers are counted too. */
export interface RowTally {
  wal: number;
  /** From before the slot, read out of the table. */
  backfill: number;
}

/** Rows of one table that are no outbox rows, although a publication lists the table by name. */
export interface PassedTally {
  rows: number;
}

/**
 * What came over the stream since the process started. Plain numbers, which are read when they are to be shown: rows come
 * by the ten thousand, and nothing is called or made for one.
 */
export class StreamTally {
  /** Payload of all messages. */
  bytes = 0;
  keepalives = 0;
  /** Rows that were moved between partitions of an outbox table, and are no new events. */
  moved = 0;
  readonly #byTag = new Float64Array(256);
  readonly #rowsByTable = new Map<string, RowTally>();
  readonly #passedByTable = new Map<string, PassedTally>();

  message(bytes: Uint8Array): void {
    this.bytes += bytes.length;
    const tag = bytes[0] ?? 0;
    this.#byTag[tag] = (this.#byTag[tag] ?? 0) + 1;
  }

  messages(type: MessageType): number {
    return type === "keepalive" ? this.keepalives : (this.#byTag[TYPES[type]] ?? 0);
  }

  /** The count of one table, by `schema.name`; the same object each time. */
  rows(table: string): RowTally {
    const known = this.#rowsByTable.get(table);
    if (known !== undefined) return known;
    const tally = { wal: 0, backfill: 0 };
    this.#rowsByTable.set(table, tally);
    return tally;
  }

  get tables(): ReadonlyMap<string, Readonly<RowTally>> {
    return this.#rowsByTable;
  }

  /** The count of rows passed over of one table that a publication lists, by `schema.name`; the same object each time. */
  passedOver(table: string): PassedTally {
    const known = this.#passedByTable.get(table);
    if (known !== undefined) return known;
    const tally = { rows: 0 };
    this.#passedByTable.set(table, tally);
    return tally;
  }

  get passedTables(): ReadonlyMap<string, Readonly<PassedTally>> {
    return this.#passedByTable;
  }
}
