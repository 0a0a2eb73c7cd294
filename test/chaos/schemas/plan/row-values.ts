import { createHash } from "node:crypto";
import { isBytes } from "./column-types.ts";
import type { ColumnRole } from "./world-plan.ts";

/** A column as an INSERT has to fill it. */
export interface FilledColumn {
  readonly role: ColumnRole;
  /** SQL of the type below all domains. */
  readonly base: string;
}

const KEYS: Readonly<Record<string, readonly string[]>> = {
  bigint: ["1", "-22", "9007199254740993"],
  uuid: [
    "00000000-0000-0000-0000-000000000001",
    "0f8fad5b-d9cb-469f-a165-70867728950e",
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
  ],
  bytea: ["\\x00ff41", "\\x6b32", "\\x"],
  "public.key_kind": ["alpha", "beta", "gamma"],
};
const TEXT_KEYS = ["k1", "Schlü 2", "k'3"];
const TYPES = ["Placed", "Paid", "Verschickt nach Übersee"];

/** The text of the value that row `n` has in a column, as Postgres reads it; null for SQL NULL. Unique ids within a world. */
export function rowValue({ role, base }: FilledColumn, n: number): string | null {
  switch (role) {
    case "id":
      return idOf(base, n);
    case "route":
      return n % 3 === 0 ? "invoice" : "order";
    case "key":
      return (KEYS[base] ?? TEXT_KEYS)[n % 3] ?? "";
    case "type":
      return TYPES[n % TYPES.length] ?? "";
    case "payload":
      return payloadOf(base, n);
    case "headers":
      return n % 4 === 0 ? null : `{"ort": "Köln", "trace": "${n}"}`;
    default:
      return null;
  }
}

function idOf(base: string, n: number): string {
  if (base === "bigint") return String(n);
  if (base !== "uuid") return `id ${n}`;
  const hex = createHash("md5").update(String(n)).digest("hex");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** JSON in the form to which jsonb brings it, so that a change of the column's type changes no byte. */
function payloadOf(base: string, n: number): string | null {
  if (n % 17 === 0) return null;
  const json = `{"n": ${n}, "text": "Grüße \\"${n}\\""}`;
  if (!isBytes(base)) return json;
  const bytes = n % 4 === 0 ? Buffer.from([0, 255, 10, n % 256]) : Buffer.from(json);
  return `\\x${bytes.toString("hex")}`;
}
