import type { Finding } from "../../relay/finding.ts";
import type { TableName } from "../table-name.ts";
import { sqlName, sqlTableName } from "../table-name.ts";
import { insertAgain } from "./insert-again.ts";
import type { RowsWanted } from "./publication-findings.ts";
import type { TreeFacts, TreeFlaw, TreeMember, UnlistedTable } from "./tree-facts.ts";

/** Names in one message, and statements in one hint; the others are counted. */
const NAMED_MAX = 5;

/** Rows that are there do not come into the stream by a repair of the table. */
const LOGGED_AFTERWARDS =
  "Rows that it holds do not come into the stream by that: outbox-relay repair --all-rows --plan counts those that are not at Kafka, outbox-relay repair --all-rows publishes them.";

/** What is wrong below the outbox tables, and with tables that are published beside them. */
export function treeFindings(
  { flawed, unlisted }: TreeFacts,
  publications: readonly string[],
  rows: RowsWanted,
): Finding[] {
  const wanted = flawed.filter((member) => isWrong(member, rows));
  return [
    ...grouped(wanted, ({ flaw, root }) => `${flaw} ${sqlTableName(root)}`).map((members) =>
      flawFinding(members, publications),
    ),
    ...grouped(unlisted, ({ publication }) => publication).map(unlistedFinding),
  ];
}

/** A row filter that is allowed may be another one for each table. */
function isWrong({ flaw }: TreeMember, { rowFilter, shard }: RowsWanted): boolean {
  return flaw !== "published-otherwise" || rowFilter === "refuse" || shard !== null;
}

function flawFinding(members: Members<TreeMember>, publications: readonly string[]): Finding {
  const [{ flaw, root }] = members;
  const parts = `${members.length === 1 ? "a part" : "parts"} of ${sqlTableName(root)}`;
  const message = `${namesOf(members)}, ${parts}, ${members.length === 1 ? "is" : "are"} ${PROBLEM[flaw]} (RELAY_TABLES)`;
  const byMember = members.map((member) => statements(member, publications[0] ?? ""));
  const shown = byMember.toSpliced(NAMED_MAX).flat().join(" ");
  const isElsewhere = flaw === "foreign" || flaw === "temporary";
  const others = members.length > NAMED_MAX ? " The others likewise." : "";
  const repair = flaw === "temporary" ? TEMPORARY_HINT : `Run ${shown}${others}`;
  return {
    code:
      flaw === "unpublished" || flaw === "published-otherwise"
        ? "CONFIG_PUBLICATION"
        : "CONFIG_TABLE",
    severity: "halt",
    keepsRowsOut: true,
    message,
    hint: `${repair} ${isElsewhere ? elsewhere(members) : LOGGED_AFTERWARDS}`,
    ...(flaw !== "temporary" && { sql: byMember.flat() }),
  };
}

/** The server that holds the rows may publish them itself, so that this is a person's decision. */
function elsewhere([member, ...others]: Members<TreeMember>): string {
  const { root, flaw } = member;
  const statement = insertAgain(root, member, member.target);
  const when =
    flaw === "temporary" ? "in that session, before it ends" : "where nobody else publishes them";
  const likewise = others.length > 0 ? " The others likewise." : "";
  const room = member.isPartition ? " Make a partition for them first." : "";
  return `Rows that it holds are published only when they are inserted into ${sqlTableName(root)} (${when}), with a txid and a write_order of their own: ${statement}${likewise}${room}`;
}

const PROBLEM: Readonly<Record<TreeFlaw, string>> = {
  unlogged: "unlogged: the rows never reach the WAL",
  temporary: "temporary: the rows never reach the WAL",
  foreign: "foreign: the rows are on another server and never reach the WAL",
  unpublished:
    "not in the publication: a child by INHERITS is published by its own name only, and its rows never come",
  "published-otherwise":
    "published with another row filter or column list than the outbox table: some of the rows never come, or come without a column",
};

const TEMPORARY_HINT =
  "Run ALTER TABLE ... NO INHERIT in the session that made it, or end that session.";

/** What a person runs so that the member's rows come, or so that it is no part of the outbox any more. */
function statements(member: TreeMember, publication: string): string[] {
  const [name, parent] = [sqlTableName(member), sqlTableName(member.parent)];
  switch (member.flaw) {
    case "unlogged":
      return [`ALTER TABLE ${name} SET LOGGED;`];
    case "foreign":
      return member.isPartition
        ? [`ALTER TABLE ${parent} DETACH PARTITION ${name};`]
        : [`ALTER FOREIGN TABLE ${name} NO INHERIT ${parent};`];
    case "unpublished":
      return [added(member, publication)];
    case "published-otherwise": {
      const taken = `ALTER PUBLICATION ${sqlName(member.listing?.publication ?? publication)} DROP TABLE ONLY ${name};`;
      return ["BEGIN;", taken, added(member, publication), "COMMIT;"];
    }
    default:
      return [];
  }
}

/** As the outbox table itself is listed; ONLY, because a table below it may be listed already. */
function added(member: TreeMember, publication: string): string {
  const { publication: name = publication, rowFilter = null } = member.listing ?? {};
  const condition = rowFilter === null ? "" : ` WHERE (${rowFilter})`;
  return `ALTER PUBLICATION ${sqlName(name)} ADD TABLE ONLY ${sqlTableName(member)}${condition};`;
}

function unlistedFinding(tables: Members<UnlistedTable>): Finding {
  const [{ publication }] = tables;
  const [them, are] = tables.length === 1 ? ["it", "is"] : ["them", "are"];
  const sql = tables.map(
    (table) => `ALTER PUBLICATION ${sqlName(publication)} DROP TABLE ${sqlTableName(table)};`,
  );
  return {
    code: "TABLE_UNLISTED",
    severity: "warning",
    message: `publication ${sqlName(publication)} names ${namesOf(tables)}, which ${are} not in RELAY_TABLES: rows of ${them} are read and passed over`,
    hint: `If ${them} is an outbox: add ${them} to RELAY_TABLES; rows that were passed over by then are published by outbox-relay repair --all-rows and by nothing else. If not, run ${sql.toSpliced(NAMED_MAX).join(" ")}`,
    sql,
  };
}

type Members<T> = readonly [T, ...T[]];

function grouped<T>(all: readonly T[], key: (one: T) => string): Members<T>[] {
  return Object.values(Object.groupBy(all, key)).filter(
    (group): group is [T, ...T[]] => group !== undefined && group.length > 0,
  );
}

function namesOf(tables: readonly TableName[]): string {
  const names = tables.toSpliced(NAMED_MAX).map(sqlTableName).join(", ");
  return tables.length > NAMED_MAX ? `${names} and ${tables.length - NAMED_MAX} more` : names;
}
