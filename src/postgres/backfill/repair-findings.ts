import { RelayError } from "../../relay/errors.ts";
import type { Finding } from "../../relay/finding.ts";
import { sqlName, sqlTableName } from "../table-name.ts";
import type { AccessFacts, RepairFacts } from "./repair-facts.ts";

/** What fills `txid` so that it is the transaction's own number. */
const TXID_DEFAULT = "pg_current_xact_id()";

/** What would keep this role from reading all rows on the day of a repair; They stop a repair, and are warnings before it. */
export function accessFindings(facts: AccessFacts, role: string): Finding[] {
  return [unreadable(facts, role), filtered(facts, role), foreign(facts)].filter(
    (finding) => finding !== null,
  );
}

function unreadable({ mayRead, ...table }: AccessFacts, role: string): Finding | null {
  if (mayRead) return null;
  const [name, reader] = [sqlTableName(table), sqlName(role)];
  const sql = [
    `GRANT USAGE ON SCHEMA ${sqlName(table.schema)} TO ${reader};`,
    `GRANT SELECT ON ${name} TO ${reader};`,
  ];
  return warning(
    `role ${reader} may not read ${name}: outbox-relay repair and RELAY_SNAPSHOT=initial are refused`,
    `As its owner run ${sql.join(" ")} The stream itself does not need it.`,
    sql,
  );
}

function filtered({ isFiltered, ...table }: AccessFacts, role: string): Finding | null {
  if (!isFiltered) return null;
  const [name, reader] = [sqlTableName(table), sqlName(role)];
  const sql = [`ALTER ROLE ${reader} BYPASSRLS;`];
  return warning(
    `row-level security applies to role ${reader} on ${name}: outbox-relay repair and RELAY_SNAPSHOT=initial are refused, because a SELECT may hide rows`,
    `As a superuser run ${sql[0]} or make the role a member of the table's owner (unless row-level security is forced on the owner). A policy does not help, also not one that allows all rows: the relay reads with row_security = off, so that nothing is hidden. The stream itself does not need it.`,
    sql,
  );
}

function foreign({ foreignLeaves, ...table }: AccessFacts): Finding | null {
  if (foreignLeaves.length === 0) return null;
  return warning(
    `${foreignLeaves.join(", ")} below ${sqlTableName(table)} is a foreign table: its rows are in no WAL of this server, and a repair cannot read them under its snapshot`,
    "Detach it, and let the server that holds its rows publish them, or insert them into the outbox table (docs/runbooks/CONFIG_TABLE.md).",
  );
}

/** What makes a repair slower, or its order a guess. */
export function orderFindings(facts: RepairFacts): Finding[] {
  const name = sqlTableName(facts);
  const findings: Finding[] = [];
  const { txid } = facts;
  if (txid === null || txid.type !== "xid8") {
    findings.push(
      warning(
        `table ${name} has no column txid of type xid8: a repair would compare more rows with Kafka, from the beginning of their topics, and order them by guess`,
        `Run ALTER TABLE ${name} ADD COLUMN txid xid8 DEFAULT ${TXID_DEFAULT}; when it is quiet: rows that are there get the id of that statement, and the table is rewritten.`,
      ),
    );
  } else if (!txid.isNotNull || txid.default !== TXID_DEFAULT) {
    const what = txid.isNotNull
      ? `has the default ${txid.default ?? "none"}`
      : "may be NULL, as in a row whose writer names the column";
    findings.push(
      warning(
        `column txid of table ${name} ${what}: a repair finds such rows all the same, and compares them with Kafka from the beginning of their topics`,
        `Run ALTER TABLE ${name} ALTER COLUMN txid SET DEFAULT ${TXID_DEFAULT}; and let no writer set it. Where no row has NULL: ALTER TABLE ${name} ALTER COLUMN txid SET NOT NULL;`,
      ),
    );
  }
  if (!facts.hasWriteOrder) {
    findings.push(
      warning(
        `table ${name} has no column write_order: a repair orders its rows by transaction id, and those of one statement by their places`,
        `As its owner run outbox-relay migrate up --write-order --schema ${sqlName(facts.schema)} --table ${sqlName(facts.name)}: it locks the table for a moment and does not rewrite it.`,
      ),
    );
  }
  return findings;
}

/** Rather no rows than some of them: throws before anything is read, dropped or made. */
export function assertAllRowsReadable(tables: readonly AccessFacts[], role: string): void {
  for (const facts of tables) {
    const refusal = unreadable(facts, role) ?? filtered(facts, role);
    if (refusal !== null) {
      const { message, hint } = refusal;
      throw new RelayError(message, { code: "POSTGRES_PERMISSION", remedy: "halt", hint });
    }
    const elsewhere = foreign(facts);
    if (elsewhere !== null) {
      const { message, hint } = elsewhere;
      throw new RelayError(message, { code: "CONFIG_TABLE", remedy: "halt", hint });
    }
  }
}

function warning(message: string, hint: string, sql?: readonly string[]): Finding {
  return {
    code: "CONFIG_REPAIR",
    severity: "warning",
    message,
    hint,
    ...(sql !== undefined && { sql }),
  };
}
