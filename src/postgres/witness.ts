import { RelayError } from "../relay/errors.ts";
import type { Ask } from "./preflight/read-facts.ts";
import type { TableName } from "./table-name.ts";
import { quotedTableName, sqlTableName } from "./table-name.ts";

/** A row that counts up while its relay streams, in a table of its own. */
export interface Witness {
  readonly table: TableName;
  readonly slot: string;
}

/** How far it has counted; 0 where there is no row yet. */
export async function readWitness(ask: Ask, { table, slot }: Witness): Promise<number> {
  const name = quotedTableName(table);
  const [row] = await explained(table, () =>
    ask<{ seq: string | null; isFiltered: boolean }>(
      `select (select seq::text from ${name} where relay = $1) as "seq", row_security_active($2) as "isFiltered"`,
      [slot, name],
    ),
  );
  const seq = row?.seq ?? null;
  if (seq === null && row?.isFiltered === true) throw hidden(table);
  return Number(seq ?? 0);
}

/**
 * Counts up. Committed for good before the answer, whatever the role's synchronous_commit is: a count that a crash takes
 * back would look like a database that was set back.
 */
export async function countUp(ask: Ask, { table, slot }: Witness): Promise<number> {
  const [row] = await explained(table, () =>
    ask<{ seq: string }>(
      `with durable as (select set_config('synchronous_commit', 'local', true))
       insert into ${quotedTableName(table)} as w (relay, seq) select $1, 1 from durable
       on conflict (relay) do update set seq = w.seq + 1 returning seq::text`,
      [slot],
    ),
  );
  return Number(row?.seq);
}

/** A row that a policy hides would look like a database that was set back. */
function hidden(table: TableName): RelayError {
  const name = sqlTableName(table);
  const message = `row-level security may hide the witness row (RELAY_WITNESS_TABLE, ${name})`;
  return new RelayError(message, {
    code: "CONFIG_WITNESS",
    remedy: "halt",
    hint: `Run ALTER TABLE ${name} DISABLE ROW LEVEL SECURITY; or as a superuser give the relay's role BYPASSRLS.`,
  });
}

async function explained<T>(table: TableName, question: () => Promise<T>): Promise<T> {
  try {
    return await question();
  } catch (error) {
    if (!(error instanceof RelayError) || error.remedy === "retry") throw error;
    const name = sqlTableName(table);
    throw new RelayError(`the witness row cannot be used (RELAY_WITNESS_TABLE, ${name})`, {
      code: "CONFIG_WITNESS",
      remedy: "halt",
      hint: `Run CREATE TABLE ${name} (relay text primary key, seq bigint not null); and GRANT SELECT, INSERT, UPDATE ON ${name} to the relay's role.`,
      cause: error,
    });
  }
}
