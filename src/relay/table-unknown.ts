import type { Relation } from "./decode/relation.ts";
import { RelayError } from "./errors.ts";
import type { Lsn } from "./lsn.ts";
import { formatLsn } from "./lsn.ts";
import type { Standing } from "./standing.ts";

type Unknown = Extract<Standing, { readonly kind: "unknown" }>;

/** Rows of a table that may have been below an outbox table when they were written, or above one. */
export function tableUnknown(
  { oid, schema, name }: Relation,
  { reason, held }: Unknown,
  commitLsn: Lsn,
  index: number,
): RelayError {
  const table = quotedName(schema, name);
  return new RelayError(
    `the stream brings rows of ${table} (OID ${oid}), and the catalog does not tell whether they are outbox rows: ${reason}; the first one is row ${index} of the transaction committed at ${formatLsn(commitLsn)}`,
    {
      code: "TABLE_UNKNOWN",
      remedy: "halt",
      hint: `${held === undefined ? below(table) : above(table, held)} The slot keeps the rows until then.`,
    },
  );
}

function below(table: string): string {
  return `Was it a child of an outbox table: ${accept(table)} --publish. Was it another table: ${accept(table)} --pass-over.`;
}

/** The table's own rows and those of the outbox table come under one name. */
function above(table: string, outbox: string): string {
  return `Are all of its rows events: ${accept(table)} --publish. Are they not, or do you not know: ${accept(table)} --pass-over, then outbox-relay repair --all-rows, which publishes the rows of ${outbox} that are not at Kafka.`;
}

/** Rows of a table that was the outbox table `outbox` until another one took its name. */
export function tableReplaced({ schema, name }: Relation, outbox: string): RelayError {
  const table = quotedName(schema, name);
  return new RelayError(
    `the outbox table ${outbox} was renamed to ${table}, another table has its name now, and rows are still written to ${table}`,
    {
      code: "TABLE_RENAMED",
      remedy: "halt",
      hint: `Are they events: add ${table} to RELAY_TABLES and restart. Are they not: ${accept(table)} --pass-over. The slot keeps the rows until then.`,
    },
  );
}

/** As a shell takes it: a table's name may have anything in it. */
function accept(table: string): string {
  const isPlain = /^[\w.]+$/.test(table);
  return `outbox-relay accept table ${isPlain ? table : `'${table.replaceAll("'", "'\\''")}'`}`;
}

function quotedName(schema: string, name: string): string {
  return [schema, name].map(quoted).join(".");
}

/** As the command reads it: quotes are only needed around a dot or a quote. */
function quoted(part: string): string {
  return /[".]/.test(part) ? `"${part.replaceAll('"', '""')}"` : part;
}
