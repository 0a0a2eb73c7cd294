import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const SOURCE = fileURLToPath(new URL("../../../src/", import.meta.url));
/** The sample shop raises nothing that an operator of a relay meets. */
const PASSED_OVER = /^demo\//;
/** Names of settings and of Kafka's own errors look like codes. */
const FOREIGN_NAMES = /^config\/|^kafka\/error-names\.ts$|^ops\/metrics\/sink-metrics\.ts$/;
/** Literals of the same look that are no code of ours. */
export const NO_CODES: readonly string[] = [
  "CERT_HAS_EXPIRED",
  "CERT_NOT_YET_VALID",
  "EAI_AGAIN",
  "ERR_BUFFER_TOO_LARGE",
  "ERR_TLS_CERT_ALTNAME_INVALID",
  "EXPORT_SNAPSHOT",
  "IDENTIFY_SYSTEM",
  "ILLEGAL_SASL_STATE",
  "NO_COLOR",
  "RELAY_COLUMN_HEADERS",
  "RELAY_COLUMN_ID",
  "RELAY_COLUMN_KEY",
  "RELAY_COLUMN_PAYLOAD",
  "RELAY_COLUMN_ROUTE",
  "RELAY_COLUMN_TYPE",
  "RELAY_KAFKA_SASL_OAUTHBEARER",
  "RELAY_KAFKA_SASL_OAUTHBEARER_TOKEN",
  "RELAY_WAL_BUDGET",
  "UNSUPPORTED_SASL_MECHANISM",
  "WANTS_TLS",
  "SQL_ASCII",
];

const CODE_FIELD = /\bcode\b\s*[:=]\s*"([A-Z][A-Z0-9_]*)"/gi;
const CODE_LOOK = /"([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)"/g;

export interface SourceFile {
  /** Relative to src/. */
  readonly path: string;
  readonly text: string;
}

export function sourceFiles(): readonly SourceFile[] {
  return readdirSync(SOURCE, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts") && !PASSED_OVER.test(path))
    .toSorted()
    .map((path) => ({ path, text: readFileSync(SOURCE + path, "utf8") }));
}

/** Every literal that is, or looks like, a stable code, whatever function it is handed to. */
export function literalCodes(files: readonly SourceFile[]): ReadonlySet<string> {
  const found = files.flatMap(({ path, text }) => [
    ...matches(text, CODE_FIELD),
    ...(FOREIGN_NAMES.test(path) ? [] : matches(text, CODE_LOOK)),
  ]);
  return new Set(found.toSorted());
}

/** The codes that an operator can meet. */
export function errorCodes(): readonly string[] {
  return [...literalCodes(sourceFiles())].filter((code) => !NO_CODES.includes(code));
}

/** Where a RelayError is made whose code does not stand there as a literal, as `path: arguments`. */
export function computedCodes(files: readonly SourceFile[]): readonly string[] {
  return files.flatMap(({ path, text }) =>
    [...text.matchAll(/\b(?:new RelayError|super)\(/g)]
      .map(({ index, 0: head }) => callText(text, index + head.length))
      .filter(
        (call) => /\bremedy\b|\bdetails\b|\.\.\./.test(call) && !/\bcode: ("|CODE\b)/.test(call),
      )
      .map((call) => `${path}: ${call.replace(/\s+/g, " ").trim()}`),
  );
}

/** What stands between the parentheses that open before `from`. */
function callText(text: string, from: number): string {
  let depth = 1;
  for (let at = from; at < text.length; at++) {
    if (text[at] === "(") depth += 1;
    if (text[at] === ")") depth -= 1;
    if (depth === 0) return text.slice(from, at);
  }
  return text.slice(from);
}

function matches(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].flatMap(([, code]) => (code === undefined ? [] : [code]));
}
