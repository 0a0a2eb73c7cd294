import type pg from "pg";
import type { ReadRecord } from "./topic-reader.ts";

export interface DeliveryReport {
  readonly committed: number;
  readonly published: number;
  readonly lost: number;
  readonly duplicated: number;
  /** Published, but not in the table: rolled back, or never there. */
  readonly phantom: number;
  /** Positions that do not rise within a partition, and per-key sequence numbers that do not. */
  readonly outOfOrder: number;
}

export const ALL_DELIVERED = { lost: 0, duplicated: 0, phantom: 0, outOfOrder: 0 } as const;

/** Compares what Postgres holds with what a consumer sees. The rows' `seq` in the payload rises per key. */
export async function checkDelivery(
  client: pg.Client,
  table: string,
  records: readonly ReadRecord[],
  positionsRiseBy: "partition" | "key" = "partition",
): Promise<DeliveryReport> {
  const { rows } = await client.query<{ id: string }>(`select id::text from ${table}`);
  const committed = new Set(rows.map(({ id }) => id));
  const seen = new Map<string, number>();
  for (const { headers } of records)
    seen.set(headers["id"] ?? "", (seen.get(headers["id"] ?? "") ?? 0) + 1);
  return {
    committed: committed.size,
    published: records.length,
    lost: [...committed].filter((id) => !seen.has(id)).length,
    duplicated: [...seen.values()].reduce((sum, count) => sum + count - 1, 0),
    phantom: [...seen.keys()].filter((id) => !committed.has(id)).length,
    outOfOrder: positionInversions(records, positionsRiseBy) + sequenceInversions(records),
  };
}

/** What is left when a consumer drops each event that it has seen: all that at-least-once delivery promises to put in order. */
export function firstOccurrences(records: readonly ReadRecord[]): ReadRecord[] {
  const seen = new Set<string | undefined>();
  return records.filter(({ headers }) => {
    const isNew = !seen.has(headers["id"]);
    seen.add(headers["id"]);
    return isNew;
  });
}

/** Several relays that divide the keys among them write to one partition, each in an order of its own. */
function positionInversions(records: readonly ReadRecord[], by: "partition" | "key"): number {
  return inversions(
    records,
    ({ topic, partition, key }) => (by === "key" ? `${topic}-${key}` : `${topic}-${partition}`),
    ({ headers }) => headers["position"] ?? "",
  );
}

function sequenceInversions(records: readonly ReadRecord[]): number {
  const numbered = records.filter(({ value }) => value?.includes('"seq"') === true);
  return inversions(
    numbered,
    ({ key }) => key ?? "",
    ({ value }) => String((JSON.parse(String(value)) as { seq: number }).seq).padStart(12, "0"),
  );
}

function inversions(
  records: readonly ReadRecord[],
  scope: (record: ReadRecord) => string,
  rank: (record: ReadRecord) => string,
): number {
  const last = new Map<string, string>();
  let count = 0;
  for (const record of records) {
    const former = last.get(scope(record));
    if (former !== undefined && rank(record) <= former) count += 1;
    last.set(scope(record), rank(record));
  }
  return count;
}
