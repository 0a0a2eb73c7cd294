import { parseLsn } from "../../../../src/relay/lsn.ts";
import { coveredLsn } from "../../../../src/relay/progress.ts";
import type { ReadRecord } from "../../../support/relay/topic-reader.ts";
import { contentDigest } from "../check/check-content.ts";
import type { ObservedRecord, StoredCheckpoint } from "../check/history.ts";

const OWN_HEADERS: ReadonlySet<string> = new Set(["id", "type", "position"]);

/** What the checker keeps of a record. */
export function observed(record: ReadRecord): ObservedRecord {
  const { topic, partition, headers, value } = record;
  const key = record.key ?? "";
  const own = Object.entries(headers).filter(([name]) => !OWN_HEADERS.has(name));
  return {
    topic,
    partition,
    offset: Number(record.offset),
    id: headers["id"] ?? "",
    key,
    position: headers["position"] ?? "",
    digest: contentDigest({ key, value, type: headers["type"] ?? "", headers: own }),
  };
}

interface CheckpointText {
  readonly commit: string;
  readonly index: number;
  readonly end: string | null;
  readonly keepalive: string;
  readonly instance: string;
}

/** Null for a record of the checkpoint topic that is not the checkpoint of `slot`. */
export function storedCheckpoint(record: ReadRecord, slot: string): StoredCheckpoint | null {
  if (record.key !== slot || record.value === null) return null;
  const text = JSON.parse(record.value.toString()) as CheckpointText;
  const commitLsn = parseLsn(text.commit);
  const endLsn = text.end === null ? null : parseLsn(text.end);
  const keepaliveLsn = parseLsn(text.keepalive);
  return {
    offset: Number(record.offset),
    atMs: Number(record.timestamp),
    commitLsn,
    index: text.index,
    covered: coveredLsn({ commitLsn, index: text.index, endLsn, keepaliveLsn }),
    instance: text.instance,
  };
}
