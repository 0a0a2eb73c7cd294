import type { History, LedgerRow, ObservedRecord } from "./history.ts";
import type { Verdict } from "./tally.ts";
import { Tally } from "./tally.ts";

export function placeOf({ topic, partition, offset }: ObservedRecord): string {
  return `${topic}/${partition}/${offset}`;
}

export function describeRecord(record: ObservedRecord): string {
  return `${record.id} key ${record.key} at ${placeOf(record)} position ${record.position}`;
}

export function describeRow({ id, key, index, transaction }: LedgerRow): string {
  return `${id} key ${key}, row ${index} of the transaction that ends at ${transaction.end.toString(16)}`;
}

/** P0: Postgres kept what it had acknowledged. */
export function checkAcknowledged({ ledger, acknowledged }: History): Verdict {
  const tally = new Tally("P0", "every acknowledged commit is in Postgres's own log");
  const committed = new Set(ledger.map(({ id }) => id));
  for (const id of acknowledged) tally.expect(committed.has(id), () => `${id} was acknowledged`);
  return tally.verdict();
}

/** L: for the final reading and for the consumer that read along. */
export function checkNoneLost({ ledger, records, live }: History): Verdict {
  const tally = new Tally("L", "every committed row is published, and seen by a live consumer");
  const published = new Set(records.map(({ id }) => id));
  const seen = new Set(live.values());
  for (const row of ledger) {
    tally.expect(published.has(row.id), () => `lost: ${describeRow(row)}`);
    if (published.has(row.id)) {
      tally.expect(seen.has(row.id), () => `not seen live: ${describeRow(row)}`);
    }
  }
  return tally.verdict();
}

/** P: a record that the live consumer saw and the final reading does not was shown before its transaction was aborted. */
export function checkNoPhantom({ ledger, records, live }: History): Verdict {
  const tally = new Tally("P", "nothing is published that was not committed");
  const committed = new Set(ledger.map(({ id }) => id));
  const idByPlace = new Map(records.map((record) => [placeOf(record), record.id]));
  for (const record of records) {
    tally.expect(committed.has(record.id), () => `phantom: ${describeRecord(record)}`);
  }
  for (const [place, id] of live) {
    tally.expect(idByPlace.get(place) === id, () => `seen live only: ${id} at ${place}`);
  }
  return tally.verdict();
}

/** D: in at-least-once delivery a repetition is allowed, if it can be recognised as one. */
export function checkDuplicates({ delivery, records }: History): Verdict {
  const isExact = delivery === "exactly-once";
  const tally = new Tally(
    "D",
    isExact ? "no event is published twice" : "every repetition has the same id and position",
  );
  const first = new Map<string, ObservedRecord>();
  let repetitions = 0;
  for (const record of records) {
    const former = first.get(record.id);
    if (former === undefined) {
      first.set(record.id, record);
      tally.expect(true, () => "");
      continue;
    }
    repetitions += 1;
    const isSame = former.position === record.position && former.topic === record.topic;
    tally.expect(!isExact && isSame, () => {
      return `twice: ${describeRecord(former)}, ${describeRecord(record)}`;
    });
  }
  return tally.verdict(isExact ? null : `${repetitions} repetitions`);
}
