import { describeRecord } from "./check-events.ts";
import type { History, LedgerRow, ObservedRecord } from "./history.ts";
import { parsePosition } from "./position-text.ts";
import type { Verdict } from "./tally.ts";
import { Tally } from "./tally.ts";

/** O: per key in commit order; every position names the row that Postgres committed there; rising per partition. */
export function checkOrder(history: History): Verdict {
  const tally = new Tally("O", "events of a key come in commit order, positions rise");
  const first = firstOccurrences(history.records);
  checkKeys(history.ledger, first, tally);
  checkPositions(history.ledger, first, tally);
  if (history.delivery === "exactly-once") checkRising(history.records, tally);
  return tally.verdict();
}

interface Occurrence {
  readonly record: ObservedRecord;
  /** Place in the reading; compared within one partition only. */
  readonly rank: number;
}

function firstOccurrences(records: readonly ObservedRecord[]): Map<string, Occurrence> {
  const first = new Map<string, Occurrence>();
  for (const [rank, record] of records.entries()) {
    if (!first.has(record.id)) first.set(record.id, { record, rank });
  }
  return first;
}

function checkKeys(
  ledger: readonly LedgerRow[],
  first: ReadonlyMap<string, Occurrence>,
  tally: Tally,
): void {
  const lastByKey = new Map<string, Occurrence>();
  for (const row of ledger) {
    const occurrence = first.get(row.id);
    if (occurrence === undefined) continue; // Lost, which L tells.
    const scope = `${row.topic}/${row.key}`;
    const last = lastByKey.get(scope);
    const isOrdered =
      last === undefined ||
      (last.record.partition === occurrence.record.partition && last.rank < occurrence.rank);
    tally.expect(isOrdered, () => {
      const before = last === undefined ? "" : describeRecord(last.record);
      return `committed in this order, published otherwise: ${before}; ${describeRecord(occurrence.record)}`;
    });
    lastByKey.set(scope, occurrence);
  }
}

function checkPositions(
  ledger: readonly LedgerRow[],
  first: ReadonlyMap<string, Occurrence>,
  tally: Tally,
): void {
  for (const { id, index, transaction } of ledger) {
    const record = first.get(id)?.record;
    if (record === undefined) continue;
    const position = parsePosition(record.position);
    const isRight =
      position !== null &&
      position.index === index &&
      position.commitLsn >= transaction.after &&
      position.commitLsn < transaction.end;
    tally.expect(isRight, () => {
      return `position of row ${index} of the transaction that ends at ${transaction.end.toString(16)}: ${describeRecord(record)}`;
    });
  }
}

function checkRising(records: readonly ObservedRecord[], tally: Tally): void {
  const last = new Map<string, ObservedRecord>();
  for (const record of records) {
    const scope = `${record.topic}-${record.partition}`;
    const former = last.get(scope);
    tally.expect(former === undefined || former.position < record.position, () => {
      return `position does not rise: ${former === undefined ? "" : describeRecord(former)}; ${describeRecord(record)}`;
    });
    last.set(scope, record);
  }
}
