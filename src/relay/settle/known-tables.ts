import type { Lsn } from "../lsn.ts";
import { formatLsn, parseLsn } from "../lsn.ts";

/** How many children a checkpoint remembers. */
export const REMEMBERED_MAX = 256;

/** What a person decided about rows of a table that the catalog cannot explain. */
export interface TableDecision {
  /** `schema.name` under which the rows come. */
  readonly table: string;
  readonly publish: boolean;
  /** It counts for transactions that were committed below: later rows are another question. */
  readonly until: Lsn;
}

/** What a checkpoint remembers of the tables whose rows the stream may bring. */
export interface KnownTables {
  /** OIDs of the outbox tables by `schema.name`, so that a table is known while it has another name. */
  readonly roots: ReadonlyMap<string, number>;
  /** OIDs of their children, so that one which is dropped later is still known; at most `REMEMBERED_MAX`. */
  readonly children: readonly number[];
  readonly decisions: readonly TableDecision[];
  /** Tables with the headers column: rows of transactions that are committed after that position must have it. */
  readonly headers?: ReadonlyMap<string, Lsn>;
}

const NONE: KnownTables = { roots: new Map(), children: [], decisions: [] };

export function encodeKnownTables({ roots, children, decisions, headers }: KnownTables): object {
  const since = [...(headers ?? [])].map(([table, lsn]) => [table, formatLsn(lsn)] as const);
  return {
    ...(since.length > 0 && { headers: Object.fromEntries(since) }),
    roots: Object.fromEntries(roots),
    children,
    decisions: decisions.map(({ table, publish, until }) => ({
      table,
      publish,
      until: formatLsn(until),
    })),
  };
}

/** Null for anything else than what `encodeKnownTables` writes. */
export function decodeKnownTables(value: unknown): KnownTables | null {
  const { roots, children, decisions, headers } = (value ?? {}) as Record<string, unknown>;
  if (typeof roots !== "object" || roots === null || !areOids(Object.values(roots))) return null;
  if (!Array.isArray(children) || !areOids(children) || !Array.isArray(decisions)) return null;
  const decoded = decisions.map(decodeDecision);
  const since = decodeSince(headers ?? {});
  if (decoded.includes(null) || since === null) return null;
  return {
    ...(since.size > 0 && { headers: since }),
    roots: new Map(Object.entries(roots)),
    children,
    decisions: decoded.filter((decision) => decision !== null),
  };
}

function decodeSince(value: unknown): ReadonlyMap<string, Lsn> | null {
  if (typeof value !== "object" || value === null) return null;
  try {
    return new Map(
      Object.entries(value).map(([table, lsn]) => [table, parseLsn(String(lsn))] as const),
    );
  } catch {
    return null;
  }
}

function areOids(values: readonly unknown[]): values is number[] {
  return values.every((value) => Number.isSafeInteger(value));
}

function decodeDecision(value: unknown): TableDecision | null {
  const { table, publish, until } = (value ?? {}) as Record<string, unknown>;
  if (typeof table !== "string" || typeof publish !== "boolean") return null;
  try {
    return { table, publish, until: parseLsn(String(until)) };
  } catch {
    return null;
  }
}

/** The decision takes the place of an earlier one about the same table. */
export function withDecision(known: KnownTables | null, decision: TableDecision): KnownTables {
  const { decisions } = known ?? NONE;
  const others = decisions.filter(({ table }) => table !== decision.table);
  return { ...(known ?? NONE), decisions: [...others, decision] };
}
