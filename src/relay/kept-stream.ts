import type { OpenedBackfill } from "./backfill/backfilled-stream.ts";
import { SlotScan } from "./backfill/slot-scan.ts";
import type { RowsBesideSlot, StreamHandlers } from "./capture/replication-stream.ts";
import { RelayError } from "./errors.ts";
import { otherServer } from "./held-slot.ts";
import type { RelayOptions } from "./options.ts";
import type { RelayPorts } from "./ports.ts";
import type { Watermark } from "./watermark.ts";

/** So many ids of rows that the slot may bring are kept at once, about 100 bytes each. */
export const DOUBTFUL_ROWS_MAX = 500_000;

interface Kept {
  readonly since: Watermark | null;
  readonly made: Watermark;
}

/**
 * Rows from before a slot that an earlier attempt made, and the slot from its beginning. Which rows are in both is told by
 * their transactions; where those do not tell, the slot is read once before, without confirming anything.
 */
export async function openKept(
  ports: RelayPorts,
  options: RelayOptions,
  { since, made }: Kept,
  handlers: StreamHandlers,
  signal: AbortSignal,
): Promise<OpenedBackfill> {
  const beside = await ports.source.readBesideSlot(since, made, signal);
  const { rows, serverStart } = beside;
  try {
    const broughtBySlot = await broughtOf(beside, ports, options, signal);
    const stream = await ports.source.open(handlers, signal);
    if (stream.identity.serverStart === serverStart) return { stream, rows, broughtBySlot };
    await stream.close();
    throw otherServer(options.slot);
  } catch (error) {
    await rows.close();
    throw error;
  }
}

/** The doubtful rows that the slot brings. */
async function broughtOf(
  beside: RowsBesideSlot,
  ports: RelayPorts,
  options: RelayOptions,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const { doubtful, readLsn } = beside;
  if (doubtful === 0) return new Set();
  const fault = doubtFault(doubtful, options.slot);
  if (fault !== null) throw fault;
  const ids = new Set<string>();
  await beside.doubtfulIds((id) => ids.add(id), signal);
  const tables = await ports.database.catalog({ relation: null, roots: new Map() }, signal);
  const scan = new SlotScan({ tables, columns: options.outbox.columns, ids, until: readLsn });
  return scan.run(ports.source, ports.clock, signal);
}

/** What more rows in doubt than can be compared end in; null where they can be. */
export function doubtFault(doubtful: number, slot: string): RelayError | null {
  if (doubtful <= DOUBTFUL_ROWS_MAX) return null;
  return new RelayError(
    `${doubtful} rows were written or changed since slot ${slot} was made, and only ${DOUBTFUL_ROWS_MAX} can be compared with what it holds`,
    {
      code: "BACKFILL_DOUBTFUL",
      remedy: "halt",
      hint: `Delete rows that are at Kafka already, or run outbox-relay slot drop --confirm ${slot}: the relay then begins with a new slot, and rows that were committed since and are no longer in the tables are not published.`,
    },
  );
}
