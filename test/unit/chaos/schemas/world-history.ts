import { lsn } from "../../../../src/relay/lsn.ts";
import type {
  DecodedInsert,
  PublishedRecord,
  RowClass,
  WorldHistory,
  WrittenRow,
} from "../../../chaos/schemas/check/history.ts";

const KEYS = ["k1", "k2"];

/** A row of step `step`; rows of other steps come after those before. */
export function writtenRow(step: number, kind: RowClass = "event", decisions = 0): WrittenRow {
  return {
    id: `row-${step}`,
    class: kind,
    where: "public.outbox",
    content: {
      topic: "t.order",
      key: KEYS[step % KEYS.length] ?? "",
      type: "Placed",
      value: Buffer.from(`{"n": ${step}}`),
      headers: [["trace", String(step)]],
    },
    table: "t0",
    areHeadersAway: false,
    hasTxid: true,
    step,
    decisions,
  };
}

/** As the stream brings it: at the position of its commit. */
export function streamed(row: WrittenRow): PublishedRecord {
  const commit = (row.step * 256 + 16).toString(16).toUpperCase().padStart(16, "0");
  return {
    ...row.content,
    id: row.id,
    partition: 0,
    rank: row.step,
    position: `00000001/${commit}/00000001`,
  };
}

/** As a repair brings it: at a position of its own. */
export function repaired(row: WrittenRow): PublishedRecord {
  return { ...streamed(row), position: "00000001/00000000FFFFFFFF/00000001" };
}

function decodedInsert({ id, step }: WrittenRow, rank: number): DecodedInsert {
  const after = lsn(BigInt(step * 256));
  return { id, rank, after, end: lsn(BigInt(step * 256 + 64)), inserts: 1 };
}

/** What a faultless relay leaves behind of these rows. */
export function worldHistory(
  rows: readonly WrittenRow[],
  change: Partial<WorldHistory> = {},
): WorldHistory {
  return {
    delivery: "exactly-once",
    rows,
    undone: [],
    decoded: rows.filter((row) => row.class === "event").map(decodedInsert),
    halts: [],
    decisions: [],
    records: rows.filter((row) => row.class === "event").map(streamed),
    unseen: new Set(),
    hasDroppedHeaders: false,
    isInnocent: true,
    ...change,
  };
}
