import type { Finding } from "../../relay/finding.ts";
import type { TableName } from "../table-name.ts";
import { sqlName, sqlTableName } from "../table-name.ts";
import type { TableFacts } from "./facts.ts";
import type { InsteadRule, RowsName, WayFacts } from "./way-facts.ts";

/** What keeps an INSERT into an outbox table from coming under that table's name. */
export function wayFindings({ names, rules }: WayFacts, wanted: readonly TableName[]): Finding[] {
  return [
    ...names.filter(({ comesAs }) => !has(wanted, comesAs)).map(nameFinding),
    ...rules.filter(isElsewhere).map(ruleFinding),
  ];
}

/** Less those whose rows come as rows of another table: whether the publication lists them does not matter. */
export function underOwnName(tables: readonly TableFacts[], { names }: WayFacts): TableFacts[] {
  return tables.filter((table) => !has(names, table));
}

function has(tables: readonly TableName[], { schema, name }: TableName): boolean {
  return tables.some((table) => table.schema === schema && table.name === name);
}

function nameFinding({ comesAs, publication, ...table }: RowsName): Finding {
  const [own, root] = [sqlTableName(table), sqlTableName(comesAs)];
  const statement = `ALTER PUBLICATION ${sqlName(publication)} SET (publish_via_partition_root = false);`;
  return {
    code: "CONFIG_PUBLICATION",
    severity: "halt",
    message: `RELAY_TABLES names ${own}, and its rows come under the name ${root}: publication ${sqlName(publication)} publishes them as rows of the partitioned table above it (publish_via_partition_root)`,
    hint: `Set RELAY_TABLES to ${comesAs.schema}.${comesAs.name} in place of ${table.schema}.${table.name}: rows of all its partitions are published then. If only this partition is an outbox, run ${statement}`,
    sql: [statement],
  };
}

/** One that inserts into tables of the outbox alone sends nothing away. */
function isElsewhere({ elsewhere, namesOutbox }: InsteadRule): boolean {
  return elsewhere.length > 0 || !namesOutbox;
}

function ruleFinding({ rule, elsewhere, ...table }: InsteadRule): Finding {
  const name = sqlTableName(table);
  const where =
    elsewhere.length === 0
      ? "does something else in place of an INSERT"
      : `uses ${elsewhere.map(sqlTableName).join(", ")} in place of an INSERT`;
  return {
    code: "CONFIG_TABLE",
    severity: "warning",
    message: `rule ${sqlName(rule)} on ${name} ${where}: rows that do not end up in ${name} are not published`,
    hint: `If it sends outbox rows away, run DROP RULE ${sqlName(rule)} ON ${name}; or add the table they end up in to RELAY_TABLES and the publication.`,
  };
}
