import type { Finding } from "../../relay/finding.ts";
import type { ColumnNames } from "../start-command.ts";
import type { TableName } from "../table-name.ts";
import { sqlName, sqlTableName } from "../table-name.ts";
import type { ColumnFacts, TableFacts } from "./facts.ts";

export type ColumnRole = keyof ColumnNames;

export const REQUIRED_COLUMNS: readonly ColumnRole[] = ["id", "key", "route", "type", "payload"];

const SETTING: Readonly<Record<ColumnRole, string>> = {
  id: "RELAY_COLUMN_ID",
  key: "RELAY_COLUMN_KEY",
  route: "RELAY_COLUMN_ROUTE",
  type: "RELAY_COLUMN_TYPE",
  payload: "RELAY_COLUMN_PAYLOAD",
  headers: "RELAY_COLUMN_HEADERS",
};

/** Types without a text that could stand in a topic, a header or a key. */
const NO_PLAIN_TEXT = new Set(["bytea", "json", "jsonb", "xml"]);
const HEADER_TYPES = new Set(["json", "jsonb", "text", "varchar"]);
const ARRAY = "A";
const COMPOSITE = "C";

/** What is wrong with the outbox tables themselves; nothing when they can be read. */
export function tableFindings(
  wanted: readonly TableName[],
  found: readonly TableFacts[],
  columns: ColumnNames,
  areHeadersRequired: boolean,
): Finding[] {
  return wanted.flatMap((table) => {
    const facts = found.find(({ schema, name }) => schema === table.schema && name === table.name);
    if (facts === undefined) return [missing(table)];
    const unfit = kindFinding(facts);
    return unfit === null
      ? [...columnFindings(facts, columns, areHeadersRequired), ...movingFindings(facts, columns)]
      : [unfit];
  });
}

function missing(table: TableName): Finding {
  return {
    code: "CONFIG_TABLE",
    severity: "halt",
    message: `table ${sqlTableName(table)} does not exist (RELAY_TABLES)`,
    hint: `Run outbox-relay migrate up --schema ${sqlName(table.schema)} --table ${sqlName(table.name)}, or correct RELAY_TABLES.`,
  };
}

/** Only ordinary tables and partitioned ones, whose rows go through the WAL. */
function kindFinding(table: TableFacts): Finding | null {
  const isTable = table.kind === "r" || table.kind === "p";
  if (isTable && table.persistence === "p") return null;
  const wrong = isTable
    ? "is unlogged or temporary: its rows never reach the WAL"
    : "is a view, a foreign table or the like: it has no rows of its own in the WAL";
  return {
    code: "CONFIG_TABLE",
    severity: "halt",
    message: `${sqlTableName(table)} ${wrong} (RELAY_TABLES)`,
    hint: isTable
      ? `Run ALTER TABLE ${sqlTableName(table)} SET LOGGED;`
      : "Set RELAY_TABLES to the table that the application inserts into.",
    ...(isTable && { sql: [`ALTER TABLE ${sqlTableName(table)} SET LOGGED;`] }),
  };
}

/** Set when a row is inserted and never after. */
const INSERT_TIME_COLUMNS = ["created_at", "txid"];

/** A row that an UPDATE moves to another partition is inserted there, and only its `txid` tells it from a new one. */
function movingFindings(table: TableFacts, columns: ColumnNames): Finding[] {
  const fixed = [columns.id, ...INSERT_TIME_COLUMNS];
  const moving = table.partitionKey.filter((name) => name === null || !fixed.includes(name));
  if (table.isStamped || moving.length === 0) return [];
  const by = moving.map((name) => (name === null ? "an expression" : sqlName(name))).join(", ");
  const statement = `ALTER TABLE ${sqlTableName(table)} ADD COLUMN txid xid8, ALTER COLUMN txid SET DEFAULT pg_current_xact_id();`;
  return [
    {
      code: "PARTITION_KEY",
      severity: "warning",
      message: `${sqlTableName(table)} is partitioned by ${by}, and has no column txid with the default pg_current_xact_id(): a row that moves to another partition is published a second time`,
      hint: `Run ${statement} Rows that are in the table already have no txid: move none of them. Or never change the partition of a row.`,
      sql: [statement],
    },
  ];
}

function columnFindings(
  table: TableFacts,
  columns: ColumnNames,
  areHeadersRequired: boolean,
): Finding[] {
  const roles: readonly ColumnRole[] = [...REQUIRED_COLUMNS, "headers"];
  return roles.flatMap((role) => {
    const column = table.columns.find(({ name }) => name === columns[role]);
    if (column === undefined) {
      if (role === "headers" && !areHeadersRequired) return unreadFinding(table, columns);
      return [columnMissing(table, role, columns[role])];
    }
    return isUsable(role, column) ? [] : [columnUnusable(table, role, column)];
  });
}

/** The headers column may have been renamed while no relay was there to see it. */
function unreadFinding(table: TableFacts, columns: ColumnNames): Finding[] {
  const read = Object.values(columns);
  const unread = table.columns.filter(
    ({ name, baseType }) => ["json", "jsonb"].includes(baseType) && !read.includes(name),
  );
  const [first] = unread;
  if (columns.headers === "" || first === undefined) return [];
  return [
    {
      code: "CONFIG_COLUMN",
      severity: "warning",
      message: `table ${sqlTableName(table)} has no column ${sqlName(columns.headers)}, so that its events have no headers of their own; nobody reads ${unread.map(({ name }) => sqlName(name)).join(", ")}`,
      hint: `Set RELAY_COLUMN_HEADERS=${first.name} if that holds the headers, or RELAY_COLUMN_HEADERS=none if there are none.`,
    },
  ];
}

function isUsable(role: ColumnRole, { baseType, category }: ColumnFacts): boolean {
  if (category === ARRAY || category === COMPOSITE) return false;
  if (role === "payload" || role === "key") return true;
  return role === "headers" ? HEADER_TYPES.has(baseType) : !NO_PLAIN_TEXT.has(baseType);
}

function columnMissing(table: TableName, role: ColumnRole, column: string): Finding {
  return {
    code: "CONFIG_COLUMN",
    severity: "halt",
    message: `table ${sqlTableName(table)} has no column ${sqlName(column)} (${SETTING[role]})`,
    hint: `Set ${SETTING[role]} to the name it has in this table, or add the column.`,
  };
}

function columnUnusable(table: TableName, role: ColumnRole, column: ColumnFacts): Finding {
  const wanted =
    role === "headers"
      ? "a jsonb object of strings"
      : role === "payload" || role === "key"
        ? "one value, such as jsonb, text or bytea"
        : "a type with a plain text, such as text or uuid";
  return {
    code: "CONFIG_COLUMN",
    severity: "halt",
    message: `column ${sqlName(column.name)} of table ${sqlTableName(table)} is of type ${column.type} and cannot be used (${SETTING[role]})`,
    hint: `Set ${SETTING[role]} to a column that holds ${wanted}.`,
  };
}
