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
  const [row] = await explained(table, () =>
    ask<{ seq: string }>(`select seq::text from ${quotedTableName(table)} where relay = $1`, [
      slot,
    ]),
  );
  return Number(row?.seq ?? 0);
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
