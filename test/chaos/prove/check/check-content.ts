import { createHash } from "node:crypto";
import { describeRecord } from "./check-events.ts";
import type { History } from "./history.ts";
import type { Verdict } from "./tally.ts";
import { Tally } from "./tally.ts";

export interface Content {
  readonly key: string;
  /** As stored, or null for a tombstone. */
  readonly value: string | Uint8Array | null;
  readonly type: string;
  /** The row's own. */
  readonly headers: readonly (readonly [string, string])[];
}

/** Equal for equal bytes; instead of the bytes, of which a long run has too many to keep. */
export function contentDigest({ key, value, type, headers }: Content): string {
  const hash = createHash("sha256");
  const sorted = headers.toSorted(([a], [b]) => (a < b ? -1 : 1));
  hash.update(JSON.stringify([key, type, sorted, value === null]));
  if (value !== null) hash.update(value);
  return hash.digest("base64").slice(0, 22);
}

/** B: the bytes that were committed are the bytes that are published. */
export function checkContent({ ledger, records }: History): Verdict {
  const tally = new Tally("B", "key, value, type and headers are those of the row");
  const rows = new Map(ledger.map((row) => [row.id, row]));
  for (const record of records) {
    const row = rows.get(record.id);
    if (row === undefined) continue; // A phantom, which P tells.
    const isSame = row.topic === record.topic && row.digest === record.digest;
    tally.expect(isSame, () => `differs from its row: ${describeRecord(record)}`);
  }
  return tally.verdict();
}
