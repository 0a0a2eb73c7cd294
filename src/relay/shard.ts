/** One of several relays that divide the rows of the outbox tables among them by key. */
export interface Shard {
  /** From 0 to `count` - 1. */
  readonly index: number;
  readonly count: number;
}

/** As RELAY_SHARD has it: `0/2`. */
export function formatShard({ index, count }: Shard): string {
  return `${index}/${count}`;
}

/** What the names of a shard's slot and publication end in: `_s0of2`. */
export function shardSuffix({ index, count }: Shard): string {
  return `_s${index}of${count}`;
}

/** The name that the same thing has in another shard; null for a name that does not end as a shard's does. */
export function nameInShard(name: string, own: Shard, other: Shard): string | null {
  const suffix = shardSuffix(own);
  return name.endsWith(suffix)
    ? name.substring(0, name.length - suffix.length) + shardSuffix(other)
    : null;
}

/** All the shards but `own`. */
export function otherShards(own: Shard): Shard[] {
  const all = Array.from({ length: own.count }, (_, index) => ({ index, count: own.count }));
  return all.filter(({ index }) => index !== own.index);
}
