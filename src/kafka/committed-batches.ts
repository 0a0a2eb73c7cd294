import type { FetchedPartition } from "./api/fetch.ts";
import type { FetchedBatch } from "./wire/record-batch-reader.ts";

/**
 * The data batches of one answer that a read_committed consumer sees: those of committed transactions and of none
 * (KIP-98; as CompletedFetch of the Java client does it).
 *
 * Each answer speaks for itself, nothing is carried over to the next: it ends below the last stable offset, so that
 * every transaction in it is decided, and it lists every aborted transaction that overlaps it, also one that began in
 * what was fetched before or ends in what is fetched next (LocalLog.collectAbortedTransactions). The list comes in the
 * order of the transactions' ends, from tiered storage in none. One producer's transactions never overlap.
 */
export function committedBatches({ aborted, batches }: FetchedPartition): FetchedBatch[] {
  const toCome = aborted.toSorted((a, b) => (a.firstOffset < b.firstOffset ? -1 : 1));
  const open = new Set<bigint>();
  let next = 0;
  return batches.filter((batch) => {
    for (let one = toCome[next]; one !== undefined && one.firstOffset <= batch.lastOffset; ) {
      open.add(one.producerId);
      one = toCome[++next];
    }
    if (batch.isControl) {
      open.delete(batch.producerId);
      return false;
    }
    return !(batch.isTransactional && open.has(batch.producerId));
  });
}
