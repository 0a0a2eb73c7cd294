import type { System } from "../systems/system.ts";
import { SYSTEMS, TITLES } from "../systems/system.ts";
import type { Figures } from "./figures.ts";

const NOTHING = "-";
const PERCENTILES = ["p50Ms", "p99Ms", "p999Ms"];

interface Row {
  readonly title: string;
  /** One figure, or several with a slash between them. */
  readonly names: readonly string[];
  readonly digits: number;
}

/** The figures as a table in Markdown; a row without figures and a column that was not asked for are left out. */
export function renderTable(figures: Figures, systems: readonly System[]): string {
  const columns = SYSTEMS.filter((system) => systems.includes(system));
  const rows = tableRows(figures).map(({ title, names, digits }) => [
    title,
    ...columns.map((system) => cell(names, digits, (name) => figures.get(name, system))),
  ]);
  const head = ["", ...columns.map((system) => TITLES[system])];
  return aligned([head, ...rows]);
}

function tableRows(figures: Figures): Row[] {
  const rows: Row[] = [
    { title: "drain, 100 rows/txn, events/s", names: ["drain.perSecond"], digits: 0 },
    { title: "the same from the start", names: ["drain.fromStartPerSecond"], digits: 0 },
    { title: "drain, 1 row/txn, events/s", names: ["drain-small.perSecond"], digits: 0 },
    { title: "the same from the start", names: ["drain-small.fromStartPerSecond"], digits: 0 },
    ...latencyRows(figures),
    { title: "RSS idle, MB", names: ["idle.rssMb"], digits: 0 },
    { title: "RSS draining, MB", names: ["drain.rssMb"], digits: 0 },
    { title: "RSS, one large transaction, MB", names: ["big.rssMb"], digits: 0 },
    { title: "RSS, one row of 64 MB, MB", names: ["largeRow.rssMb"], digits: 0 },
    { title: "CPU idle, % of a core", names: ["idle.cpuPercent"], digits: 1 },
    { title: "CPU draining, s per million events", names: ["drain.cpuSeconds"], digits: 2 },
    { title: "the same, 1 row/txn", names: ["drain-small.cpuSeconds"], digits: 2 },
  ];
  const known = new Set(figures.names());
  return rows.filter(({ names }) => names.some((name) => known.has(name)));
}

/** One row for each rate that was measured, with and without linger. */
function latencyRows(figures: Figures): Row[] {
  const kinds = figures
    .names()
    .flatMap((name) => /^(latency\.(\d+)(\.linger0)?)\.p50Ms$/.exec(name) ?? []);
  const rows: Row[] = [];
  for (let i = 0; i < kinds.length; i += 4) {
    const [, prefix, rate, linger] = kinds.slice(i, i + 4);
    const which = linger === undefined ? "" : " with RELAY_BATCH_LINGER=0";
    const title = `latency at ${Number(rate).toLocaleString("en")}/s${which}, p50 / p99 / p99.9 ms`;
    rows.push({ title, names: PERCENTILES.map((one) => `${prefix}.${one}`), digits: 1 });
  }
  return rows;
}

function cell(
  names: readonly string[],
  digits: number,
  valueOf: (name: string) => number | undefined,
): string {
  const values = names.map(valueOf);
  if (values.every((value) => value === undefined)) return NOTHING;
  return values.map((value) => (value === undefined ? NOTHING : amount(value, digits))).join(" / ");
}

function amount(value: number, digits: number): string {
  const bounds = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return value.toLocaleString("en", bounds);
}

function aligned(lines: readonly (readonly string[])[]): string {
  const widths = (lines[0] ?? []).map((_, column) =>
    Math.max(3, ...lines.map((line) => line[column]?.length ?? 0)),
  );
  const pad = (line: readonly string[]): string =>
    `| ${widths.map((width, i) => (i === 0 ? (line[i] ?? "").padEnd(width) : (line[i] ?? "").padStart(width))).join(" | ")} |`;
  const rule = `|${widths.map((width, i) => (i === 0 ? "-".repeat(width + 2) : `${"-".repeat(width + 1)}:`)).join("|")}|`;
  const [head = [], ...body] = lines;
  return `${[pad(head), rule, ...body.map(pad)].join("\n")}\n`;
}
