import pg from "pg";

/**
 * SQL for a column's text as its type's output function writes it, which is what the stream carries. A cast to text
 * differs for some types: it takes the padding off a `char(n)`.
 */
export function outputText(column: string): string {
  const name = pg.escapeIdentifier(column);
  return `case when ${name} is not null then format('%s', ${name}) end`;
}
