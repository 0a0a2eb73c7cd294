import type { SlotRow } from "../slot-row.ts";
import type { TableName } from "../table-name.ts";

/** What preflight reads from the server; the findings are made of it without asking again. */
export interface PreflightFacts {
  readonly server: ServerFacts;
  readonly slot: SlotRow | null;
  readonly tables: readonly TableFacts[];
  readonly publications: readonly PublicationFacts[];
}

export interface ServerFacts {
  /** `server_version_num`: 180004 is 18.4. */
  readonly version: number;
  readonly walLevel: string;
  readonly isInRecovery: boolean;
  readonly role: string;
  readonly database: string;
  /** `server_encoding`: UTF8, LATIN1, SQL_ASCII, ... */
  readonly encoding: string;
  readonly mayReplicate: boolean;
  readonly slotsMax: number;
  readonly slotsUsed: number;
  readonly walSendersMax: number;
  readonly walSendersUsed: number;
  /** 0 means off. */
  readonly walSenderTimeoutMs: number;
  readonly synchronousStandbyNames: string;
  /** `max_slot_wal_keep_size`; -1 means no limit. */
  readonly slotWalKeepMib: number;
  /** `idle_replication_slot_timeout`, 18 and later; 0 means off, null that the server has none. */
  readonly idleSlotTimeoutSeconds: number | null;
}

export interface TableFacts extends TableName {
  readonly oid: string;
  /** `pg_class.relkind`: r table, p partitioned table, v view, ... */
  readonly kind: string;
  /** `pg_class.relpersistence`: p permanent, u unlogged, t temporary. */
  readonly persistence: string;
  readonly columns: readonly ColumnFacts[];
  /** What decides the partition of a row, at all levels: names of columns, and `null` for an expression. */
  readonly partitionKey: readonly (string | null)[];
  /** Column `txid`, xid8, takes the id of the inserting transaction by default. */
  readonly isStamped: boolean;
}

export interface ColumnFacts {
  readonly name: string;
  /** As SQL writes it. */
  readonly type: string;
  /** `pg_type.typname`. */
  readonly typeName: string;
  /** The same, of the base type for a domain, through domains of domains. */
  readonly baseType: string;
  /** `pg_type.typcategory`: A array, C composite, ... */
  readonly category: string;
  /** Generated, on a server before 18, where 15 lists such columns as published all the same. */
  readonly isNeverPublished: boolean;
}

export interface PublicationFacts {
  readonly name: string;
  readonly isForAllTables: boolean;
  readonly publishesInsert: boolean;
  /** Other operations it publishes. */
  readonly otherOperations: readonly string[];
  readonly isViaRoot: boolean;
  readonly members: readonly MemberFacts[];
}

/** One of our tables in a publication. */
export interface MemberFacts extends TableName {
  /** Rows come under this table's name. */
  readonly isListed: boolean;
  /** As the server writes it; null: none, or one without effect because the publication has the whole schema. */
  readonly rowFilter: string | null;
  readonly hasColumnList: boolean;
  /** Columns that are published; null where the server does not tell (14). */
  readonly columns: readonly string[] | null;
}
