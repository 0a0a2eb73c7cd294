import type { OutboundRecord } from "../relay/publish/sink.ts";
import type { LogTail } from "./log-tail.ts";

/** What is kept under one key of the checkpoint topic. */
export interface CheckpointEntry {
  readonly key: string;
  readonly value: Uint8Array;
}

/** Tells a successor under which id the record was written, also while its transaction is not ended. */
const TRANSACTIONAL_ID_HEADER = "transactional-id";

const utf8 = new TextEncoder();
const HEADER_NAME = utf8.encode(TRANSACTIONAL_ID_HEADER);

/** `transactionalId` is null where the record is part of no transaction. */
export function checkpointRecord(
  topic: string,
  { key, value }: CheckpointEntry,
  transactionalId: string | null,
  timestampMs: number,
): OutboundRecord {
  const headers =
    transactionalId === null ? [] : [{ name: HEADER_NAME, value: utf8.encode(transactionalId) }];
  return { topic, key: utf8.encode(key), value, headers, timestampMs };
}

/** The transactional ids with an open transaction in the checkpoint topic, in the order of their records. */
export async function openIds(tail: LogTail, signal: AbortSignal): Promise<readonly string[]> {
  const records = await tail.undecided(signal);
  const ids = records.map(({ headers }) => headers.get(TRANSACTIONAL_ID_HEADER)?.toString());
  return [...new Set(ids.filter((id) => id !== undefined))];
}
