import type { Finding } from "../../relay/finding.ts";
import { findingOf } from "../../relay/finding.ts";
import type { Shard } from "../../relay/shard.ts";
import { formatShard } from "../../relay/shard.ts";
import {
  FILTER_VERSION_MIN,
  isShardFilter,
  keyUnfit,
  shardCondition,
  tooOldForShards,
} from "../shard-filter.ts";
import type { ColumnNames } from "../start-command.ts";
import type { TableName } from "../table-name.ts";
import { sqlName, sqlTableName } from "../table-name.ts";
import type { MemberFacts, PublicationFacts, TableFacts } from "./facts.ts";
import type { ShardFacts, SiblingFacts } from "./shard-facts.ts";

/** What is wrong with the division of the keys among relays; the publication's filter is looked at with the publication. */
export function shardFindings(
  shard: Shard | null,
  version: number,
  { siblings, rivals, hashFault }: ShardFacts,
  tables: readonly TableFacts[],
  columns: ColumnNames,
): Finding[] {
  const overlaps = rivals.map(({ slot, isActive }) => overlap(slot, isActive, shard));
  if (shard === null) return overlaps;
  if (version < FILTER_VERSION_MIN) return [findingOf(tooOldForShards(version))];
  return [
    ...tables.flatMap((table) => keyFindings(table, columns)),
    ...(hashFault === null ? [] : [hashMissing(hashFault)]),
    ...overlaps,
    ...siblings.flatMap((sibling) => siblingFindings(sibling, tables, columns)),
  ];
}

/** A column that is missing is reported with the table. */
function keyFindings(table: TableFacts, { key }: ColumnNames): Finding[] {
  const column = table.columns.find(({ name }) => name === key);
  if (column === undefined || canDivide(column.typeName)) return [];
  return [findingOf(keyUnfit(table, key, column.type))];
}

function canDivide(type: string): boolean {
  return shardCondition({ index: 0, count: 2 }, "key", type) !== null;
}

function hashMissing(fault: string): Finding {
  return {
    code: "CONFIG_SHARD",
    severity: "halt",
    message: `the server cannot take an MD5 (${fault}), by which RELAY_SHARD divides the keys: decoding would fail at the first row`,
    hint: "OpenSSL in FIPS mode does without MD5. Run one relay without RELAY_SHARD.",
  };
}

function overlap(slot: string, isActive: boolean, shard: Shard | null): Finding {
  const ours = shard === null ? "all keys" : `shard ${formatShard(shard)}`;
  const problem = isActive
    ? `a relay reads from slot "${slot}", which divides the keys of the same tables otherwise: this one would publish ${ours} a second time`
    : `slot "${slot}" divides the keys of the same tables otherwise: its relay would publish rows a second time, and it retains WAL`;
  return {
    code: "SHARD_OVERLAP",
    severity: isActive ? "halt" : "warning",
    message: problem,
    hint: isActive
      ? "Stop the relays of the former division and drop their slots first: docs/scaling.md."
      : `If the division was changed, run SELECT pg_drop_replication_slot('${slot}');`,
  };
}

function siblingFindings(
  sibling: SiblingFacts,
  tables: readonly TableFacts[],
  columns: ColumnNames,
): Finding[] {
  const { shard, slot, publication, isActive, published } = sibling;
  const lacks = [
    ...(published === null ? [`no publication ${sqlName(publication)}`] : []),
    ...(published === null ? [] : unpublished(sibling, published, tables, columns)),
    ...(isActive === null ? [`no slot "${slot}"`] : []),
  ];
  if (lacks.length === 0) return [];
  const setting = `RELAY_SHARD=${formatShard(shard)}`;
  return [
    {
      code: "SHARD_MISSING",
      severity: "warning",
      message: `shard ${formatShard(shard)} has ${lacks.join(" and ")}: rows of its keys go nowhere`,
      hint: `Run outbox-relay migrate up with ${setting}, then a relay with ${setting}. Rows that were written meanwhile are in the tables: its first start with RELAY_SNAPSHOT=initial publishes them.`,
    },
  ];
}

function unpublished(
  { shard }: SiblingFacts,
  published: PublicationFacts,
  tables: readonly TableFacts[],
  columns: ColumnNames,
): string[] {
  return tables
    .filter((table) => !hasShardFilter(shard, table, memberOf(published, table), columns))
    .map((table) => `a publication without ${sqlTableName(table)} by its part of the keys`);
}

function memberOf({ members }: PublicationFacts, table: TableName): MemberFacts | undefined {
  return members.find(({ schema, name }) => schema === table.schema && name === table.name);
}

function hasShardFilter(
  shard: Shard,
  table: TableFacts,
  member: MemberFacts | undefined,
  { key }: ColumnNames,
): boolean {
  const type = table.columns.find(({ name }) => name === key)?.typeName ?? "";
  return member?.rowFilter != null && isShardFilter(member.rowFilter, shard, key, type);
}

/** The filter lets other rows through than the shard's, or leaves some out; silent where the key column is unfit anyway. */
export function filterFinding(
  shard: Shard,
  table: TableFacts,
  member: MemberFacts,
  publication: string,
  columns: ColumnNames,
  statements: readonly string[],
): Finding[] {
  const type = table.columns.find(({ name }) => name === columns.key)?.typeName ?? "";
  if (!canDivide(type) || hasShardFilter(shard, table, member, columns)) return [];
  const seen = member.rowFilter === null ? "no filter" : `the filter ${member.rowFilter}`;
  return [
    {
      code: "CONFIG_SHARD",
      severity: "halt",
      message: `publication ${sqlName(publication)} has ${seen} on ${sqlTableName(table)}, which is not that of RELAY_SHARD=${formatShard(shard)} by ${sqlName(columns.key)}: rows would be lost or come twice`,
      hint: `Run ${statements.join(" ")}`,
      sql: statements,
    },
  ];
}
