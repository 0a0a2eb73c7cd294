import type pg from "pg";
import type { Lsn } from "../../../../src/relay/lsn.ts";
import { LSN_ZERO, parseLsn } from "../../../../src/relay/lsn.ts";
import { contentDigest } from "../check/check-content.ts";
import type { LedgerRow } from "../check/history.ts";
import type { DecodedRow } from "./test-decoding.ts";
import { parseInsert } from "./test-decoding.ts";

const CHANGES_AT_ONCE = 20_000;
const TABLE = "public.outbox";

/** Makes the slot that keeps what Postgres commits from now on. */
export async function createLedgerSlot(client: pg.Client, slot: string): Promise<void> {
  await client.query("select pg_create_logical_replication_slot($1, 'test_decoding')", [slot]);
}

/** T: every row committed since the slot was made, in commit order, decoded by Postgres and its own plugin. */
export async function readLedger(
  client: pg.Client,
  slot: string,
  topicPrefix: string,
): Promise<LedgerRow[]> {
  const ledger: LedgerRow[] = [];
  let after: Lsn = LSN_ZERO;
  for (;;) {
    const { rows } = await client.query<{ lsn: string; data: string }>(
      `select lsn::text, data from pg_logical_slot_peek_changes($1, null, ${CHANGES_AT_ONCE}, 'include-xids', '0')`,
      [slot],
    );
    if (rows.length === 0) return ledger;
    after = appendTransactions(ledger, rows, after, topicPrefix);
    await client.query("select pg_replication_slot_advance($1, $2)", [slot, rows.at(-1)?.lsn]);
  }
}

/** A row of COMMIT has the LSN of the byte after the commit record. Returns the last of these. */
function appendTransactions(
  ledger: LedgerRow[],
  changes: readonly { readonly lsn: string; readonly data: string }[],
  before: Lsn,
  topicPrefix: string,
): Lsn {
  let after = before;
  let inserted: DecodedRow[] = [];
  for (const { lsn, data } of changes) {
    const row = parseInsert(data, TABLE);
    if (row !== null) inserted.push(row);
    if (data !== "COMMIT") continue;
    const transaction = { after, end: parseLsn(lsn) };
    for (const [i, values] of inserted.entries()) {
      ledger.push({ transaction, index: i + 1, ...ledgerRow(values, topicPrefix) });
    }
    inserted = [];
    after = transaction.end;
  }
  return after;
}

function ledgerRow(
  values: DecodedRow,
  topicPrefix: string,
): Pick<LedgerRow, "id" | "topic" | "key" | "digest"> {
  const text = (name: string): string => values.get(name) ?? "";
  const headers = JSON.parse(values.get("headers") ?? "{}") as Record<string, string>;
  const key = text("aggregateid");
  return {
    id: text("id"),
    topic: topicPrefix + text("aggregatetype"),
    key,
    digest: contentDigest({
      key,
      value: values.get("payload") ?? null,
      type: text("type"),
      headers: Object.entries(headers),
    }),
  };
}
