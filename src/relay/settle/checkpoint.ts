import type { Catalog } from "../capture/catalog.ts";
import type { ErrorCode } from "../errors.ts";
import { invariant, RelayError } from "../errors.ts";
import type { Lsn } from "../lsn.ts";
import { formatLsn, parseLsn } from "../lsn.ts";
import type { Progress } from "../progress.ts";
import { coveredLsn } from "../progress.ts";
import type { Watermark } from "../watermark.ts";
import type { Halt } from "./halt.ts";
import type { KnownTables } from "./known-tables.ts";
import { decodeKnownTables, encodeKnownTables } from "./known-tables.ts";
import type { TreeMemory } from "./tree-memory.ts";
import { decodeTree, encodeTree } from "./tree-memory.ts";

/**
 * The stored form's version; a record with a higher one is never read and never overwritten. A halt makes it 2, so that
 * relays which know no halts stop at it; all else is 1.
 */
const VERSION = 1;
const VERSION_WITH_HALT = 2;

/**
 * What was begun and is to be finished before the slot is read from, so that a crash in between is no gap:
 * - `slot`: the slot's creation, at the first start.
 * - `backfill`: rows from before the slot are being published: those that `watermark` does not show. With `slotSnapshot`
 *   the slot is there, and is kept by whoever begins again.
 */
export type Pending = "slot" | "backfill";

/** What the checkpoint record tells beside the progress. */
export interface Checkpoint extends Progress {
  readonly systemId: string;
  readonly timeline: number;
  /** Fingerprint of the settings that give rows their index. */
  readonly config: string;
  /** Which part of the rows was published: `0/2`; null for all. */
  readonly shard: string | null;
  /** Fingerprint of publication and tables under which the rows came; null in records that do not tell. */
  readonly publication: string | null;
  /** The catalog rows that decide which rows come, as they were; null in records that do not tell. */
  readonly catalog: Catalog | null;
  /** What decides below and above the outbox tables, as it was; null in records of earlier versions. */
  readonly tree: TreeMemory | null;
  /** The database, by its object identifier; null in records that do not tell. */
  readonly databaseOid: number | null;
  /** Why the relay stopped, and may not go on before a person has decided; null while it may. */
  readonly halt: Halt | null;
  /** The note of the last decision of a person: with another one an unwritten halt of earlier is settled. */
  readonly decision: string | null;
  /** Null while none was reached, then a gap can be repaired only by looking at every row. */
  readonly watermark: Watermark | null;
  readonly pending: Pending | null;
  /**
   * The snapshot that a backfill's slot was made with, once the slot is there and until the backfill is complete: the slot
   * brings all that it does not show. Null otherwise, and in records of earlier versions.
   */
  readonly slotSnapshot: Watermark | null;
  /** What the witness row counted up to; null where there is none. */
  readonly witness: number | null;
  /** Null in records of earlier versions. */
  readonly tables: KnownTables | null;
  /** Who wrote it and when, for people. */
  readonly instance: string;
  readonly at: string;
}

/** A watermark may be stored once all that it shows is published. A backfill keeps the one that it began with. */
function isReached({ watermark, pending, ...progress }: WatermarkedProgress): boolean {
  return watermark === null || pending === "backfill" || watermark.lsn <= coveredLsn(progress);
}

type WatermarkedProgress = Progress & Pick<Checkpoint, "watermark" | "pending">;

/** Throws InvariantError for a watermark that is ahead of the progress: a repair would leave rows out. */
export function encodeCheckpoint(checkpoint: Checkpoint): Uint8Array {
  invariant(isReached(checkpoint), "a checkpoint covers all that its watermark shows");
  const value = {
    v: checkpoint.halt === null ? VERSION : VERSION_WITH_HALT,
    sysid: checkpoint.systemId,
    tli: checkpoint.timeline,
    commit: formatLsn(checkpoint.commitLsn),
    index: checkpoint.index,
    end: checkpoint.endLsn === null ? null : formatLsn(checkpoint.endLsn),
    keepalive: formatLsn(checkpoint.keepaliveLsn),
    snapshot: checkpoint.watermark === null ? null : encodeWatermark(checkpoint.watermark),
    publication: checkpoint.publication,
    pending: checkpoint.pending,
    witness: checkpoint.witness,
    tables: checkpoint.tables === null ? null : encodeKnownTables(checkpoint.tables),
    config: checkpoint.config,
    shard: checkpoint.shard,
    instance: checkpoint.instance,
    at: checkpoint.at,
    ...(checkpoint.catalog !== null && { catalog: encodeCatalog(checkpoint.catalog) }),
    ...(checkpoint.tree !== null && { tree: encodeTree(checkpoint.tree) }),
    ...(checkpoint.databaseOid !== null && { database: checkpoint.databaseOid }),
    ...(checkpoint.halt !== null && { halt: checkpoint.halt }),
    ...(checkpoint.decision !== null && { decision: checkpoint.decision }),
    ...(checkpoint.slotSnapshot !== null && { slot: encodeWatermark(checkpoint.slotSnapshot) }),
  };
  return new TextEncoder().encode(JSON.stringify(value));
}

/**
 * Reads a stored checkpoint. Throws RelayError, remedy `halt`: `CHECKPOINT_NEWER` for a later version,
 * `CHECKPOINT_UNREADABLE` for anything that is no checkpoint.
 */
export function decodeCheckpoint(bytes: Uint8Array): Checkpoint {
  const fields = new Fields(parse(bytes));
  const version = fields.integer("v");
  const isKnown = version <= VERSION || (version === VERSION_WITH_HALT && !fields.isNull("halt"));
  if (!isKnown) throw refuse("CHECKPOINT_NEWER", `was written in version ${version}`);
  const checkpoint = decodeFields(fields);
  // Earlier versions could store a watermark too early: without one, a repair looks at every row.
  return isReached(checkpoint) ? checkpoint : { ...checkpoint, watermark: null };
}

function decodeFields(fields: Fields): Checkpoint {
  return {
    systemId: fields.text("sysid"),
    timeline: fields.integer("tli"),
    commitLsn: fields.lsn("commit"),
    index: fields.integer("index"),
    endLsn: fields.isNull("end") ? null : fields.lsn("end"),
    keepaliveLsn: fields.lsn("keepalive"),
    config: fields.text("config"),
    shard: fields.isNull("shard") ? null : fields.text("shard"),
    publication: fields.isNull("publication") ? null : fields.text("publication"),
    catalog: fields.isNull("catalog") ? null : decodeCatalog(fields.fields("catalog")),
    tree: fields.isNull("tree") ? null : fields.tree("tree"),
    databaseOid: fields.isNull("database") ? null : fields.integer("database"),
    halt: fields.isNull("halt") ? null : decodeHalt(fields.fields("halt")),
    decision: fields.isNull("decision") ? null : fields.text("decision"),
    watermark: fields.isNull("snapshot") ? null : decodeWatermark(fields.fields("snapshot")),
    pending: decodePending(fields),
    slotSnapshot: fields.isNull("slot") ? null : decodeWatermark(fields.fields("slot")),
    witness: fields.isNull("witness") ? null : fields.integer("witness"),
    tables: fields.isNull("tables") ? null : fields.tables("tables"),
    instance: fields.text("instance"),
    at: fields.text("at"),
  };
}

/** The same, where there may be none. */
export function decodeStored(stored: Uint8Array | null): Checkpoint | null {
  return stored === null ? null : decodeCheckpoint(stored);
}

function encodeWatermark({ snapshot, lsn, atMs }: Watermark): Record<string, string> {
  return { xids: snapshot, lsn: formatLsn(lsn), at: new Date(atMs).toISOString() };
}

function decodeWatermark(fields: Fields): Watermark {
  return { snapshot: fields.text("xids"), lsn: fields.lsn("lsn"), atMs: fields.instant("at") };
}

/** Each part as a list: a checkpoint goes with every batch. */
function encodeCatalog(catalog: Catalog): Record<string, readonly string[]> {
  const parts = Object.entries(catalog);
  return Object.fromEntries(
    parts.map(([name, { deciding, touched, owner }]) => [name, [deciding, touched, owner]]),
  );
}

function decodeCatalog(fields: Fields): Catalog {
  return Object.fromEntries(
    fields.names.map((name) => {
      const [deciding = "", touched = "", owner = ""] = fields.texts(name);
      return [name, { deciding, touched, owner }];
    }),
  );
}

function decodeHalt(fields: Fields): Halt {
  const [code, message] = [fields.text("code").toUpperCase(), fields.text("message")];
  return {
    code: code as ErrorCode,
    message,
    at: fields.text("at"),
    instance: fields.text("instance"),
  };
}

function decodePending(fields: Fields): Pending | null {
  if (fields.isNull("pending")) return null;
  const pending = fields.text("pending");
  if (pending === "slot" || pending === "backfill") return pending;
  throw refuse("CHECKPOINT_NEWER", `waits for "${pending}", which this version does not know`);
}

function parse(bytes: Uint8Array): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw refuse("CHECKPOINT_UNREADABLE", "is no JSON");
  }
  if (typeof value !== "object" || value === null) {
    throw refuse("CHECKPOINT_UNREADABLE", "is no JSON object");
  }
  return value as Record<string, unknown>;
}

class Fields {
  readonly #values: Record<string, unknown>;

  constructor(values: Record<string, unknown>) {
    this.#values = values;
  }

  /** Absent counts as null. */
  isNull(name: string): boolean {
    return (this.#values[name] ?? null) === null;
  }

  get names(): string[] {
    return Object.keys(this.#values);
  }

  texts(name: string): string[] {
    const value = this.#values[name];
    if (Array.isArray(value) && value.every((one) => typeof one === "string")) return value;
    throw refuse("CHECKPOINT_UNREADABLE", `has no list of texts "${name}"`);
  }

  fields(name: string): Fields {
    const value = this.#values[name];
    if (typeof value === "object" && value !== null)
      return new Fields(value as Record<string, unknown>);
    throw refuse("CHECKPOINT_UNREADABLE", `has no object "${name}"`);
  }

  instant(name: string): number {
    const atMs = Date.parse(this.text(name));
    if (Number.isFinite(atMs)) return atMs;
    throw refuse("CHECKPOINT_UNREADABLE", `has no time "${name}"`);
  }

  text(name: string): string {
    const value = this.#values[name];
    if (typeof value !== "string") throw refuse("CHECKPOINT_UNREADABLE", `has no text "${name}"`);
    return value;
  }

  integer(name: string): number {
    const value = this.#values[name];
    if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
    throw refuse("CHECKPOINT_UNREADABLE", `has no whole number "${name}"`);
  }

  tables(name: string): KnownTables {
    const tables = decodeKnownTables(this.#values[name]);
    if (tables !== null) return tables;
    throw refuse("CHECKPOINT_UNREADABLE", `has no tables "${name}"`);
  }

  tree(name: string): TreeMemory {
    const tree = decodeTree(this.#values[name]);
    if (tree !== null) return tree;
    throw refuse("CHECKPOINT_UNREADABLE", `has no tree "${name}"`);
  }

  lsn(name: string): Lsn {
    try {
      return parseLsn(this.text(name));
    } catch {
      throw refuse("CHECKPOINT_UNREADABLE", `has no LSN "${name}"`);
    }
  }
}

function refuse(code: ErrorCode, problem: string): RelayError {
  const hint =
    code === "CHECKPOINT_NEWER"
      ? "Run the version of outbox-relay that wrote it, or a later one."
      : "Read the last record of the checkpoint topic (RELAY_CHECKPOINT_TOPIC) and find out who wrote it. The relay never overwrites it.";
  return new RelayError(`the stored checkpoint ${problem}`, { code, remedy: "halt", hint });
}
