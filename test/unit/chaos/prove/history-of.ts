import { lsn } from "../../../../src/relay/lsn.ts";
import type {
  History,
  LedgerRow,
  ObservedRecord,
  StoredCheckpoint,
} from "../../../chaos/prove/check/history.ts";

/** Keys of the rows of each transaction, in commit order. */
export type Transactions = readonly (readonly string[])[];

const TRANSACTION_BYTES = 256;

/** A ledger whose `n`-th transaction has its commit record in the middle of its own 256 bytes of WAL. */
export function ledgerOf(transactions: Transactions): LedgerRow[] {
  return transactions.flatMap((keys, n) =>
    keys.map((key, i) => ({
      transaction: { after: at(n * TRANSACTION_BYTES), end: at((n + 1) * TRANSACTION_BYTES) },
      index: i + 1,
      id: `id-${n}-${i}`,
      topic: "topic",
      key,
      digest: `digest-${n}-${i}`,
    })),
  );
}

/** What a faultless relay publishes of a ledger: keys of even length in partition 0, the others in 1. */
export function recordsOf(ledger: readonly LedgerRow[]): ObservedRecord[] {
  const next = [0, 0];
  return ledger.map((row) => {
    const partition = row.key.length % 2;
    const offset = next[partition] ?? 0;
    next[partition] = offset + 1;
    const commitLsn = row.transaction.after + BigInt(TRANSACTION_BYTES / 2);
    const { topic, id, key, digest } = row;
    const position = `00000001/${hex(commitLsn, 16)}/${hex(BigInt(row.index), 8)}`;
    return { topic, partition, offset, id, key, position, digest };
  });
}

export function historyOf(transactions: Transactions): History {
  const ledger = ledgerOf(transactions);
  const records = recordsOf(ledger);
  const checkpoints = transactions.map((keys, n) => checkpoint(n, n, keys.length));
  return {
    delivery: "exactly-once",
    ledger,
    acknowledged: new Set(ledger.map(({ id }) => id)),
    records,
    live: new Map(records.map((one) => [`${one.topic}/${one.partition}/${one.offset}`, one.id])),
    checkpoints,
    samples: checkpoints.map(({ covered, offset }) => {
      return { atMs: offset, confirmed: covered, checkpointEnd: offset + 1 };
    }),
    recoveries: [{ ms: 500, isClear: true }],
    troubles: [],
    relayRssBytesMax: 100_000_000,
    retainedBytes: 1_000,
  };
}

export function checkpoint(offset: number, transaction: number, index: number): StoredCheckpoint {
  return {
    offset,
    atMs: offset,
    commitLsn: at(transaction * TRANSACTION_BYTES + TRANSACTION_BYTES / 2),
    index,
    covered: at((transaction + 1) * TRANSACTION_BYTES),
    instance: "relay-1",
  };
}

function at(bytes: number): ReturnType<typeof lsn> {
  return lsn(BigInt(0x1000 + bytes));
}

function hex(value: bigint, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, "0");
}
