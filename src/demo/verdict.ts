/** One record of the topic, as a read_committed consumer sees it. */
export interface PublishedRecord {
  readonly partition: number;
  readonly id: string;
  readonly key: string;
  /** The relay's `position` header; its text order is the commit order of Postgres. */
  readonly position: string;
  /** The shop's own number, which rises per key in commit order; null where a payload has none. */
  readonly sequence: number | null;
}

/** What Postgres and Kafka hold, read after everything has ended. */
export interface Evidence {
  /** Ids of the rows in the outbox. */
  readonly committed: ReadonlySet<string>;
  /** Events of transactions that were rolled back; the shop keeps a list of them. */
  readonly rolledBack: number;
  /** The records of each partition in the order of their offsets. */
  readonly records: readonly PublishedRecord[];
  /** Ids in the inbox of each group. */
  readonly inboxes: ReadonlyMap<string, ReadonlySet<string>>;
}

export interface Verdict {
  readonly committed: number;
  readonly rolledBack: number;
  /** Records in Kafka, duplicates included. */
  readonly published: number;
  readonly consumed: ReadonlyMap<string, number>;
  /** Committed events that are missing in Kafka or in any group's inbox; each counts once, wherever it is missing. */
  readonly lost: number;
  /** Records in Kafka beyond the first with the same event id. */
  readonly duplicated: number;
  /** Records behind a later one of their key or their partition; a duplicate is not judged twice. */
  readonly outOfOrder: number;
  /** Events in Kafka that Postgres never committed, those of rolled-back orders among them. */
  readonly phantoms: number;
}

export function judge({ committed, rolledBack, records, inboxes }: Evidence): Verdict {
  const published = new Map<string, PublishedRecord>();
  for (const record of records) {
    if (!published.has(record.id)) published.set(record.id, record);
  }
  const arrived = (id: string): boolean =>
    published.has(id) && [...inboxes.values()].every((inbox) => inbox.has(id));
  return {
    committed: committed.size,
    rolledBack,
    published: records.length,
    consumed: new Map([...inboxes].map(([group, inbox]) => [group, inbox.size])),
    lost: [...committed].filter((id) => !arrived(id)).length,
    duplicated: records.length - published.size,
    outOfOrder: inversions([...published.values()]),
    phantoms: [...published.keys()].filter((id) => !committed.has(id)).length,
  };
}

/** A run without a single event proves nothing, so it is not clean. */
export function isClean(verdict: Verdict): boolean {
  const { committed, lost, duplicated, outOfOrder, phantoms } = verdict;
  return committed > 0 && lost + duplicated + outOfOrder + phantoms === 0;
}

/** A key that moves to another partition has lost its order as well. */
function inversions(records: readonly PublishedRecord[]): number {
  const latestByPartition = new Map<number, string>();
  const latestByKey = new Map<string, { partition: number; sequence: number }>();
  let count = 0;
  for (const { partition, key, position, sequence } of records) {
    const before = latestByKey.get(key) ?? { partition, sequence: Number.NEGATIVE_INFINITY };
    const isLate =
      position <= (latestByPartition.get(partition) ?? "") ||
      partition !== before.partition ||
      (sequence !== null && sequence <= before.sequence);
    if (isLate) {
      count += 1; // The latest stays, so that one late record does not make others late.
      continue;
    }
    latestByPartition.set(partition, position);
    latestByKey.set(key, { partition, sequence: sequence ?? before.sequence });
  }
  return count;
}
