/** Values of one inserted row by column, null for SQL NULL, as the plugin test_decoding prints them. */
export type DecodedRow = ReadonlyMap<string, string | null>;

const COLUMN = /(\w+)\[[^\]]*\]:(null|'(?:[^']|'')*'|\S+)/g;

/** Null for a line that is no insert into `table`. */
export function parseInsert(line: string, table: string): DecodedRow | null {
  const prefix = `table ${table}: INSERT: `;
  if (!line.startsWith(prefix)) return null;
  const values = new Map<string, string | null>();
  for (const [, name = "", text = ""] of line.slice(prefix.length).matchAll(COLUMN)) {
    values.set(name, decodedValue(text));
  }
  return values;
}

function decodedValue(text: string): string | null {
  if (text === "null") return null;
  return text.startsWith("'") ? text.slice(1, -1).replaceAll("''", "'") : text;
}
