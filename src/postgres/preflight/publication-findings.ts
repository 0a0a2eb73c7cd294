import type { Finding } from "../../relay/finding.ts";
import type { Shard } from "../../relay/shard.ts";
import { shardCondition } from "../shard-filter.ts";
import type { ColumnNames } from "../start-command.ts";
import { sqlName, sqlTableName } from "../table-name.ts";
import type { MemberFacts, PublicationFacts, TableFacts } from "./facts.ts";
import { filterFinding } from "./shard-findings.ts";

/** Whether a publication may leave rows of an outbox table out. */
export type RowFilterPolicy = "refuse" | "allow";

/** Which rows the publication is to let through. */
export interface RowsWanted {
  readonly rowFilter: RowFilterPolicy;
  /** Exactly those whose keys are this shard's; null: as `rowFilter` says. */
  readonly shard: Shard | null;
}

const CODE = "CONFIG_PUBLICATION";
const PARTITIONED = "p";

/** What is wrong with the publications, for the tables that exist. */
export function publicationFindings(
  wanted: readonly string[],
  found: readonly PublicationFacts[],
  tables: readonly TableFacts[],
  columns: ColumnNames,
  rows: RowsWanted,
): Finding[] {
  const missing = wanted
    .filter((name) => !found.some((publication) => publication.name === name))
    .map((name) => publicationMissing(name, tables, columns, rows));
  if (missing.length > 0) return missing;
  return [
    ...found.flatMap(operationFindings),
    ...tables.flatMap((table) => tableFindings(table, found, columns, rows)),
  ];
}

function publicationMissing(
  name: string,
  tables: readonly TableFacts[],
  columns: ColumnNames,
  rows: RowsWanted,
): Finding {
  const list = tables.map((table) => listed(table, columns, rows)).join(", ");
  const statement = `CREATE PUBLICATION ${sqlName(name)} FOR TABLE ${list} WITH (publish = 'insert', publish_via_partition_root = true);`;
  const create = list === "" ? "" : `, or ${statement}`;
  return {
    code: CODE,
    severity: "halt",
    message: `publication ${sqlName(name)} does not exist (RELAY_PUBLICATION_NAME)`,
    hint: `Run outbox-relay migrate up${create === "" ? ";" : create} A slot that is older than the publication has to be made again.`,
    ...(list !== "" && { sql: [statement] }),
  };
}

function operationFindings(publication: PublicationFacts): Finding[] {
  const name = sqlName(publication.name);
  const sql = [`ALTER PUBLICATION ${name} SET (publish = 'insert');`];
  const hint = `Run ${sql.join(" ")}`;
  if (!publication.publishesInsert) {
    const message = `publication ${name} does not publish inserts: nothing would ever come`;
    return [{ code: CODE, severity: "halt", message, hint, sql }];
  }
  if (publication.otherOperations.length === 0) return [];
  const others = publication.otherOperations.join(", ");
  const message = `publication ${name} also publishes ${others}, which the relay does not read; cleaning up the table then needs a replica identity`;
  return [{ code: CODE, severity: "warning", message, hint, sql }];
}

function tableFindings(
  table: TableFacts,
  publications: readonly PublicationFacts[],
  columns: ColumnNames,
  rows: RowsWanted,
): Finding[] {
  const memberships = publications.flatMap((publication) =>
    publication.members
      .filter(({ schema, name }) => schema === table.schema && name === table.name)
      .map((member) => ({ publication, member })),
  );
  if (memberships.length === 0) return [notMember(table, publications, columns, rows)];
  return memberships.flatMap(({ publication, member }) => [
    ...viaRootFinding(table, publication),
    ...rowFilterFinding(table, publication, member, columns, rows),
    ...columnListFinding(table, publication, member, columns, rows),
  ]);
}

function notMember(
  table: TableFacts,
  publications: readonly PublicationFacts[],
  columns: ColumnNames,
  rows: RowsWanted,
): Finding {
  const names = publications.map(({ name }) => sqlName(name)).join(", ");
  const statement = `ALTER PUBLICATION ${sqlName(publications[0]?.name ?? "")} ADD TABLE ${listed(table, columns, rows)};`;
  return {
    code: CODE,
    severity: "halt",
    message: `table ${sqlTableName(table)} is not in publication ${names}: its rows would never come`,
    hint: `Run outbox-relay migrate up, or ${statement}`,
    sql: [statement],
  };
}

/** Without it rows come under the partitions' names, or not at all. */
function viaRootFinding(table: TableFacts, { name, isViaRoot }: PublicationFacts): Finding[] {
  if (table.kind !== PARTITIONED || isViaRoot) return [];
  const statement = `ALTER PUBLICATION ${sqlName(name)} SET (publish_via_partition_root = true);`;
  return [
    {
      code: CODE,
      severity: "halt",
      message: `table ${sqlTableName(table)} is partitioned, and publication ${sqlName(name)} publishes its partitions instead of it (publish_via_partition_root is off)`,
      hint: `Run ${statement}`,
      sql: [statement],
    },
  ];
}

function rowFilterFinding(
  table: TableFacts,
  { name }: PublicationFacts,
  member: MemberFacts,
  columns: ColumnNames,
  rows: RowsWanted,
): Finding[] {
  const statements = relisting(name, table, columns, rows);
  if (rows.shard !== null)
    return filterFinding(rows.shard, table, member, name, columns, statements);
  if (member.rowFilter === null || rows.rowFilter === "allow") return [];
  return [
    {
      code: CODE,
      severity: "halt",
      message: `publication ${sqlName(name)} filters the rows of ${sqlTableName(table)}: rows that do not match, or whose filter is NULL, would never be published, and one at which the filter fails stops decoding for ever`,
      hint: `Run ${statements.join(" ")} Or, if the filter is wanted, set RELAY_ROW_FILTER=allow.`,
      sql: statements,
    },
  ];
}

function columnListFinding(
  table: TableFacts,
  { name }: PublicationFacts,
  member: MemberFacts,
  columns: ColumnNames,
  rows: RowsWanted,
): Finding[] {
  const statements = relisting(name, table, columns, rows);
  const hidden = hiddenColumns(table, member, columns);
  const isHiding = hidden.length > 0;
  if (!member.hasColumnList && !isHiding) return [];
  const hides = isHiding
    ? `, but not ${hidden.map(sqlName).join(", ")}, which the relay needs`
    : "";
  return [
    {
      code: CODE,
      severity: isHiding ? "halt" : "warning",
      message: `publication ${sqlName(name)} publishes only some columns of ${sqlTableName(table)}${hides}`,
      hint: `Run ${statements.join(" ")} Generated columns are published from Postgres 18 on, with publish_generated_columns = stored.`,
      sql: statements,
    },
  ];
}

/** In one transaction, so that no row falls between; SET TABLE would take every other table out. */
function relisting(
  publication: string,
  table: TableFacts,
  columns: ColumnNames,
  rows: RowsWanted,
): string[] {
  const name = sqlName(publication);
  return [
    "BEGIN;",
    `ALTER PUBLICATION ${name} DROP TABLE ${sqlTableName(table)};`,
    `ALTER PUBLICATION ${name} ADD TABLE ${listed(table, columns, rows)};`,
    "COMMIT;",
  ];
}

/** The table as a publication is to list it: with the shard's filter, where the keys are divided. */
function listed(table: TableFacts, { key }: ColumnNames, { shard }: RowsWanted): string {
  const type = table.columns.find(({ name }) => name === key)?.typeName ?? "";
  const condition = shard === null ? null : shardCondition(shard, key, type);
  return sqlTableName(table) + (condition === null ? "" : ` WHERE (${condition})`);
}

/** Needed columns that exist and do not come: left out of the list, or generated. */
function hiddenColumns(
  table: TableFacts,
  { columns: published, isListed }: MemberFacts,
  columns: ColumnNames,
): string[] {
  if (!isListed) return [];
  return Object.values(columns).filter((name) => {
    const column = table.columns.find((candidate) => candidate.name === name);
    if (column === undefined) return false;
    return column.isNeverPublished || (published !== null && !published.includes(name));
  });
}
