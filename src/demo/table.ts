import type { Verdict } from "./verdict.ts";

/** The verdict as a table for people. */
export function verdictTable(verdict: Verdict): string {
  const rows: [string, number][] = [
    ["events committed in Postgres", verdict.committed],
    ["events rolled back in Postgres", verdict.rolledBack],
    ["events published in Kafka", verdict.published],
    ...[...verdict.consumed].map(([group, count]): [string, number] => [
      `events consumed by ${group}`,
      count,
    ]),
    ["lost", verdict.lost],
    ["duplicated", verdict.duplicated],
    ["out of order", verdict.outOfOrder],
    ["published though never committed", verdict.phantoms],
  ];
  const width = Math.max(...rows.map(([label]) => label.length));
  const lines = rows.map(
    ([label, count]) => `  ${label.padEnd(width)}  ${String(count).padStart(7)}`,
  );
  return `${lines.join("\n")}\n`;
}
