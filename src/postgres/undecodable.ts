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

function causeOf(error: ServerError): string {
  if (error.code === NOT_IN_ENCODING)
    return "The row holds text that is no UTF-8, as a database with the encoding SQL_ASCII allows: correct it in the table; docs/runbooks/POSTGRES_DECODING.md has the steps.";
  if (isOfData(error))
    return "Most likely the publication's row filter fails at the row: select pubname, tablename, rowfilter from pg_publication_tables; docs/runbooks/POSTGRES_DECODING.md has the steps.";
  return "If the text is an invalid memory alloc request, a row is too large for its text form, as a bytea above 512 MB is: the relay reads bytea in binary as soon as each of its columns is uuid, text, varchar, json, jsonb, bytea or an integer.";
}
