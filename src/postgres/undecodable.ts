import { stateText } from "./server-text.ts";

/** The fields of a server's error that are told here. */
interface ServerError {
  /** SQLSTATE. */
  readonly code: string;
  readonly message: string;
}

/** Classes of errors about values; their texts quote them. */
const DATA_CLASSES = new Set(["22", "23"]);
const NOT_IN_ENCODING = "22021";

export function isOfData({ code }: Pick<ServerError, "code">): boolean {
  return DATA_CLASSES.has(code.substring(0, 2));
}

/** An internal error, or one about data, while a stream runs comes from decoding, and comes again at the same row. */
export function undecodable(error: ServerError, slot: string) {
  return {
    code: "POSTGRES_DECODING",
    remedy: "halt",
    message: `Postgres cannot decode the WAL that slot "${slot}" comes to next (${stateText(error)})`,
    hint: `The slot keeps the rows; the server's log has the details. ${causeOf(error)}`,
  } as const;
}

/** A query met text that is no UTF-8, which only a database with the encoding SQL_ASCII holds; `table`: whose rows it read, if any. */
export function notUtf8(error: ServerError, table: string | undefined) {
  return {
    code: "POSTGRES_ERROR",
    remedy: "halt",
    message: `a row of ${table ?? "an outbox table"} holds text that is no UTF-8, as a database with the encoding SQL_ASCII allows (${stateText(error)})`,
    hint: `Correct it in the table, and the relay goes on by itself. Rows that may be meant: set client_encoding = 'SQL_ASCII'; select id from ${table ?? "<table>"} t where t::text ~ '[^\\x01-\\x7f]'; docs/runbooks/CONFIG_ENCODING.md has more.`,
  } as const;
}

export function isNotUtf8({ code }: Pick<ServerError, "code">): boolean {
  return code === NOT_IN_ENCODING;
}

function causeOf(error: ServerError): string {
  if (isNotUtf8(error))
    return "The row holds text that is no UTF-8, as a database with the encoding SQL_ASCII allows: correct it in the table; docs/runbooks/POSTGRES_DECODING.md has the steps.";
  if (isOfData(error))
    return "Most likely the publication's row filter fails at the row: select pubname, tablename, rowfilter from pg_publication_tables; docs/runbooks/POSTGRES_DECODING.md has the steps.";
  return "If the text is an invalid memory alloc request, a row is too large for its text form, as a bytea above 512 MB is: the relay reads bytea in binary as soon as each of its columns is uuid, text, varchar, json, jsonb, bytea or an integer.";
}
