import { invariant, RelayError } from "../errors.ts";
import type { Lsn } from "../lsn.ts";
import { readInt32, readLsn } from "./big-endian.ts";
import type { Relation } from "./relation.ts";
import { readRelation } from "./relation.ts";
import { Tuple } from "./tuple.ts";
import { UserTypes } from "./user-types.ts";

/** Milliseconds between 1970 and Postgres's epoch, 2000-01-01. */
export const POSTGRES_EPOCH_MS = 946_684_800_000;

const TAG = {
  begin: 0x42,
  origin: 0x4f,
  commit: 0x43,
  insert: 0x49,
  relation: 0x52,
  type: 0x59,
} as const;
/** Update, delete, truncate: known, and nothing to an outbox. */
const IGNORED_TAGS: ReadonlySet<number> = new Set([0x55, 0x44, 0x54]);
/** INSERT: tag, relation OID, then the letter N, then the tuple. */
const INSERT_TUPLE_AT = 6;

export interface TransactionStart {
  /** Start of the commit record: `final_lsn` of BEGIN. Strictly increasing on one timeline. */
  readonly commitLsn: Lsn;
  /** When it committed, ms since 1970. */
  readonly commitMs: number;
  /** Low 32 bits of its id; 0 for rows from before the slot, which come in a transaction of our own. */
  readonly xid: number;
}

export interface DecodedMessages {
  begin(transaction: TransactionStart): void;
  /** The transaction that has begun was replicated from another server: it is before its first row. */
  replicated(): void;
  /** `tuple` and the bytes that it points to hold during the call. */
  insert(relation: Relation, tuple: Tuple): void;
  /** `endLsn` is the byte after the commit record: what may be confirmed once all before it is durable. */
  commit(endLsn: Lsn): void;
}

/**
 * Reads pgoutput, protocol 1, which carries whole committed transactions in commit order.
 * Bytes are kept exactly: nothing is parsed into numbers, dates or JSON here.
 *
 * Errors: RelayError `DECODE_UNKNOWN_MESSAGE` (halt) for a tag that protocol 1 without options does not
 * have, because skipping what we do not know may skip an event; InvariantError for a broken message.
 */
export class PgoutputDecoder {
  readonly #out: DecodedMessages;
  readonly #relations = new Map<number, Relation>();
  readonly #types = new UserTypes();
  #lastRelation: Relation | null = null;
  readonly #tuple = new Tuple();

  constructor(out: DecodedMessages) {
    this.#out = out;
  }

  decode(message: Uint8Array): void {
    switch (message[0]) {
      case TAG.insert:
        return this.#insert(message);
      case TAG.begin:
        return this.#out.begin(readBegin(message));
      case TAG.commit:
        return this.#out.commit(readCommitEnd(message));
      case TAG.origin:
        return this.#out.replicated();
      case TAG.relation:
        return this.#relation(readRelation(message, this.#types));
      case TAG.type:
        return this.#types.described(message);
      default:
        if (!IGNORED_TAGS.has(message[0] ?? 0)) throw unknownMessage(message[0]);
    }
  }

  #relation(relation: Relation): void {
    this.#relations.set(relation.oid, relation);
    this.#lastRelation = null;
  }

  #insert(message: Uint8Array): void {
    const relation = this.#relationOf(readInt32(message, 1) >>> 0);
    invariant(relation !== undefined, "a RELATION message precedes the rows of its table");
    this.#lastRelation = relation;
    this.#tuple.read(message, INSERT_TUPLE_AT);
    this.#out.insert(relation, this.#tuple);
  }

  /** Most rows are of the table of the row before. */
  #relationOf(oid: number): Relation | undefined {
    return this.#lastRelation?.oid === oid ? this.#lastRelation : this.#relations.get(oid);
  }
}

/** BEGIN: tag, start of the commit record, when it committed, transaction id. */
const BEGIN = { bytes: 21, commitLsnAt: 1, commitTimeAt: 9, xidAt: 17 };
/** COMMIT: tag, flags, start of the commit record, the byte after it, when it committed. */
const COMMIT = { bytes: 26, endLsnAt: 10 };
const UINT32_VALUES = 4_294_967_296;

function readBegin(message: Uint8Array): TransactionStart {
  invariant(message.length >= BEGIN.bytes, "a pgoutput message holds all its fields");
  // Microseconds as a number: exact to the year 2255.
  const microseconds =
    readInt32(message, BEGIN.commitTimeAt) * UINT32_VALUES +
    (readInt32(message, BEGIN.commitTimeAt + 4) >>> 0);
  const commitLsn = readLsn(message, BEGIN.commitLsnAt);
  const commitMs = POSTGRES_EPOCH_MS + Math.trunc(microseconds / 1000);
  return { commitLsn, commitMs, xid: readInt32(message, BEGIN.xidAt) >>> 0 };
}

function readCommitEnd(message: Uint8Array): Lsn {
  invariant(message.length >= COMMIT.bytes, "a pgoutput message holds all its fields");
  return readLsn(message, COMMIT.endLsnAt);
}

function unknownMessage(tag: number | undefined): RelayError {
  const shown = tag === undefined ? "an empty one" : `tag 0x${tag.toString(16)}`;
  return new RelayError(
    `Postgres sent a pgoutput message that this version does not know: ${shown}`,
    {
      code: "DECODE_UNKNOWN_MESSAGE",
      remedy: "halt",
      hint: "Nothing is lost: the slot keeps the WAL. Use a version of outbox-relay that supports this server.",
    },
  );
}
