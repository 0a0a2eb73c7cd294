import type { BackfillRows } from "../backfill/backfill-rows.ts";
import type { ReplicationSource } from "../capture/replication-stream.ts";
import type { RelayError } from "../errors.ts";
import { doubtFault } from "../kept-stream.ts";
import type { RelayOptions } from "../options.ts";
import type { Watermark } from "../watermark.ts";
import type { Situation } from "./situation.ts";
import { isRepairable, repairSince } from "./situation.ts";

/** Where a plan reads; nothing that it does changes anything. */
export interface PlanSource extends Pick<ReplicationSource, "readBesideSlot"> {
  /** The rows that a backfill with a new slot would look at now. The caller closes them. Rejects with RelayError. */
  planBackfill(since: Watermark | null, signal: AbortSignal): Promise<BackfillRows>;
}

/** A backfill that was begun and is not complete: the next repair, or the relay, goes on with it. */
export interface Unfinished {
  /** The slot that it made and keeps, by when it was made, ms since 1970; null: a new slot is made. */
  readonly keptSinceMs: number | null;
  /** So many candidates may come by the kept slot instead: only a repair compares them with what it holds. */
  readonly doubtful: number;
}

/** The rows that a repair would look at now. */
export interface PlannedRows {
  readonly rows: BackfillRows;
  /** Rows that it shows are not looked at; null: all rows are. */
  readonly since: Watermark | null;
  readonly unfinished: Unfinished | null;
  /** Why a repair would end before it sends anything; null: it would not. */
  readonly refusal: RelayError | null;
}

/** Reads them as a repair would: what was begun goes first, whatever else was asked for. The caller closes the rows. */
export async function plannedRows(
  source: PlanSource,
  { slot }: Pick<RelayOptions, "slot">,
  found: Situation,
  isOfAllRows: boolean,
  signal: AbortSignal,
): Promise<PlannedRows> {
  const { verdict } = found;
  if (verdict.kind !== "backfill") {
    const since = isOfAllRows ? null : repairSince(found);
    const refusal = verdict.kind === "halt" && !isRepairable(found) ? verdict.fault : null;
    return { rows: await source.planBackfill(since, signal), since, unfinished: null, refusal };
  }
  const since = repairSince(found);
  if (verdict.kept === null) {
    const unfinished = { keptSinceMs: null, doubtful: 0 };
    return { rows: await source.planBackfill(since, signal), since, unfinished, refusal: null };
  }
  const { snapshot } = verdict.kept;
  const { rows, doubtful } = await source.readBesideSlot(since, snapshot, signal);
  const unfinished = { keptSinceMs: snapshot.atMs, doubtful };
  return { rows, since, unfinished, refusal: doubtFault(doubtful, slot) };
}
