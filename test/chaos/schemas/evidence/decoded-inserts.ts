import type pg from "pg";
import type { Lsn } from "../../../../src/relay/lsn.ts";
import { LSN_ZERO, parseLsn } from "../../../../src/relay/lsn.ts";
import type { DecodedInsert } from "../check/history.ts";

const CHANGES_AT_ONCE = 20_000;

/** `table schema.name: INSERT: column[type]:value ...`, with names quoted where SQL would. */
const INSERT = /^table (?:"(?:[^"]|"")*"|[^".:]+)\.(?:"(?:[^"]|"")*"|[^".:]+): INSERT: /;
const COLUMN =
  /("(?:[^"]|"")*"|[^\s["]+)\[((?:"(?:[^"]|"")*"|[^\]"[]|\[\])*)\]:(null|[BX]?'(?:[^']|'')*'|\S+)/g;

/** Values of an inserted row by column, as the plugin test_decoding prints them; null for a line that is no insert. */
export function insertedValues(line: string): ReadonlyMap<string, string | null> | null {
  const head = INSERT.exec(line)?.[0];
  if (head === undefined) return null;
  const values = new Map<string, string | null>();
  for (const [, name = "", , text = ""] of line.slice(head.length).matchAll(COLUMN)) {
    const plain = name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name;
    values.set(plain, valueOf(text));
  }
  return values;
}

function valueOf(text: string): string | null {
  if (text === "null") return null;
  return text.startsWith("'") ? text.slice(1, -1).replaceAll("''", "'") : text;
}

/** Makes the slot that keeps what Postgres commits from now on. */
export async function createDecodingSlot(client: pg.Client, slot: string): Promise<void> {
  await client.query("select pg_create_logical_replication_slot($1, 'test_decoding')", [slot]);
}

/**
 * Every inserted row with one of `ids` in one of the columns, once and in commit order: a second INSERT of an id is a row
 * that moved.
 */
export async function decodedInserts(
  client: pg.Client,
  slot: string,
  ids: ReadonlySet<string>,
  idColumns: readonly string[],
): Promise<DecodedInsert[]> {
  const found = new Map<string, DecodedInsert>();
  let after: Lsn = LSN_ZERO;
  let pending: string[] = [];
  for (;;) {
    const { rows } = await client.query<{ lsn: string; data: string }>(
      `select lsn::text, data from pg_logical_slot_get_changes($1, null, ${CHANGES_AT_ONCE}, 'include-xids', '0')`,
      [slot],
    );
    if (rows.length === 0) return [...found.values()];
    for (const { lsn, data } of rows) {
      const values = insertedValues(data);
      const id = idColumns.map((name) => values?.get(name)).find((value) => value != null);
      if (id != null && ids.has(id)) pending.push(id);
      if (data !== "COMMIT") continue;
      const end = parseLsn(lsn);
      for (const id of pending) {
        const former = found.get(id) ?? { id, rank: found.size, after, end, inserts: 0 };
        found.set(id, { ...former, inserts: former.inserts + 1 });
      }
      pending = [];
      after = end;
    }
  }
}
