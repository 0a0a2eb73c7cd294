import type { ReadRecord } from "../../../support/relay/topic-reader.ts";
import type { PublishedRecord } from "../check/history.ts";

const OWN_HEADERS: ReadonlySet<string> = new Set(["id", "type", "position"]);

/** What the checker keeps of a record; `rank` is its place in the reading. */
export function publishedRecord(record: ReadRecord, rank: number): PublishedRecord {
  const { topic, partition, key, value, headers } = record;
  return {
    id: headers["id"] ?? "",
    topic,
    partition,
    rank,
    key: key ?? "",
    type: headers["type"] ?? "",
    value,
    headers: Object.entries(headers).filter(([name]) => !OWN_HEADERS.has(name)),
    position: headers["position"] ?? "",
  };
}
