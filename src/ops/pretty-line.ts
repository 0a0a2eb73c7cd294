import { inert } from "../relay/inert-text.ts";

/** Escape codes of the levels, for terminals. */
const COLOURS: Readonly<Record<string, string>> = {
  trace: "\u001b[2m",
  debug: "\u001b[2m",
  info: "\u001b[36m",
  warn: "\u001b[33m",
  error: "\u001b[31m",
  fatal: "\u001b[1;31m",
};
const PLAIN = "\u001b[0m";
/** Shown in a place of their own, or the same in every line. */
const PLACED: ReadonlySet<string> = new Set([
  "level",
  "time",
  "msg",
  "hint",
  "cause",
  "err",
  "instance",
]);

/** A JSON line of the log as people like it; anything else stays as it is. */
export function prettyLine(line: string, hasColour: boolean): string {
  const fields = parse(line);
  if (fields === null) return line;
  const level = word(fields["level"]);
  const label = level.toUpperCase().padEnd(5);
  const shown = hasColour ? `${COLOURS[level] ?? ""}${label}${PLAIN}` : label;
  const others = Object.entries(fields)
    .filter(([name]) => !PLACED.has(name))
    .map(([name, value]) => ` ${name}=${word(value)}`);
  const head = `${word(fields["time"]).slice(11, 23)} ${shown} ${word(fields["msg"])}${others.join("")}\n`;
  return [head, ...below(fields)].join("");
}

/** What to do, why, and where a bug came from: each on a line of its own. */
function* below(fields: Readonly<Record<string, unknown>>): Iterable<string> {
  if (fields["cause"] !== undefined) yield `${INDENT}because ${word(fields["cause"])}\n`;
  if (fields["hint"] !== undefined) yield `${INDENT}-> ${word(fields["hint"])}\n`;
  const { stack } = (fields["err"] ?? {}) as { readonly stack?: string };
  if (stack !== undefined) yield `${stack.replaceAll(/^/gm, INDENT)}\n`;
}

const INDENT = " ".repeat(19);

function parse(line: string): Readonly<Record<string, unknown>> | null {
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return null;
  }
}

/** What a terminal would obey, and what would look like another line, is in some values: of rows, catalogs, servers. */
function word(value: unknown): string {
  return inert(typeof value === "string" ? value : (JSON.stringify(value) ?? ""), VALUE_CHARS_MAX);
}

const VALUE_CHARS_MAX = 8_192;
