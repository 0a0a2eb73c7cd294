import type { OutboundRecord } from "../relay/record/outbound-record.ts";
import { keyOf } from "../relay/record/record-view.ts";

const SEED = 0x9747b28c;
const M = 0x5bd1e995;

/**
 * murmur2 with Java's seed, in 32-bit arithmetic
 * (org.apache.kafka.common.utils.Utils.murmur2; proven equal in test/unit/kafka).
 */
export function murmur2(bytes: Uint8Array, from = 0, to = bytes.length): number {
  const length = to - from;
  let h = SEED ^ length;
  let i = from;
  for (; i + 4 <= to; i += 4) {
    let k =
      (bytes[i] as number) |
      ((bytes[i + 1] as number) << 8) |
      ((bytes[i + 2] as number) << 16) |
      ((bytes[i + 3] as number) << 24);
    k = Math.imul(k, M);
    k = Math.imul(k ^ (k >>> 24), M);
    h = Math.imul(h, M) ^ k;
  }
  const rest = to - i;
  if (rest === 3) h ^= (bytes[i + 2] as number) << 16;
  if (rest >= 2) h ^= (bytes[i + 1] as number) << 8;
  if (rest >= 1) h = Math.imul(h ^ (bytes[i] as number), M);
  h = Math.imul(h ^ (h >>> 13), M);
  return h ^ (h >>> 15);
}

/** The partition that the Java client's default partitioner gives a key: the sign bit is masked, not dropped by abs. */
export function partitionOf(
  key: Uint8Array,
  partitions: number,
  from = 0,
  to = key.length,
): number {
  return (murmur2(key, from, to) & 0x7fffffff) % partitions;
}

/** The key comes first in a packed record, behind its length. */
export function recordPartition(record: OutboundRecord, partitions: number): number {
  const { memory, from } = record;
  const first = memory[from] as number;
  if (first > 127) return partitionOf(keyOf(record), partitions);
  return partitionOf(memory, partitions, from + 1, from + 1 + first / 2);
}
