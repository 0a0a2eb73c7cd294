import { createHash } from "node:crypto";
import { Dice } from "./dice.ts";

export interface ScriptRow {
  readonly id: string;
  readonly route: string;
  readonly key: string;
  /** JSON, or null for a tombstone. */
  readonly payload: string | null;
  /** A JSON object of strings, or null. */
  readonly headers: string | null;
}

/** One step inside a transaction. */
export type Step =
  | { readonly kind: "insert"; readonly row: ScriptRow; readonly pauseMs: number }
  /** Inserted behind a savepoint to which the transaction goes back. */
  | { readonly kind: "savepoint"; readonly row: ScriptRow }
  /** Inserted and deleted again: still an event, for inserts are what is published. */
  | { readonly kind: "insert-delete"; readonly row: ScriptRow }
  /** One COPY: its rows share one LSN in the write-ahead log. */
  | { readonly kind: "copy"; readonly rows: readonly ScriptRow[] }
  /** One INSERT ... SELECT of so many rows, whose ids follow from `bulkId`. */
  | { readonly kind: "bulk"; readonly name: string; readonly rows: number; readonly key: string };

export interface TransactionScript {
  /** Also the name of a prepared transaction. */
  readonly name: string;
  readonly steps: readonly Step[];
  readonly end: "commit" | "rollback" | "prepare-commit" | "prepare-rollback";
}

export const ROUTES = ["order", "invoice"] as const;

const HOT_KEYS = 4;

/** The id of row `row` of the bulk statement `name`; Postgres computes the same with md5(). */
export function bulkId(name: string, row: number): string {
  return uuidOf(`${name}/${row}`);
}

/** The `number`-th transaction of a writer: the same for the same seed, whatever happened before. */
export function transactionScript(seed: number, writer: number, number: number): TransactionScript {
  const dice = new Dice(seed, "writer", writer, number);
  const name = `${seed}-${writer}-${number}`;
  const steps = Array.from({ length: dice.whole(1, 5) }, (_, i) =>
    drawStep(dice, `${name}-${i}`, writer),
  );
  if (dice.chance(1 / 800)) {
    const bulk = { kind: "bulk" as const, name, rows: dice.whole(1_500, 3_000), key: `w${writer}` };
    return { name, steps: [...steps, bulk], end: "commit" };
  }
  return { name, steps, end: drawEnd(dice) };
}

function drawEnd(dice: Dice): TransactionScript["end"] {
  if (dice.chance(0.1)) return "rollback";
  if (!dice.chance(0.02)) return "commit";
  return dice.chance(0.8) ? "prepare-commit" : "prepare-rollback";
}

function drawStep(dice: Dice, name: string, writer: number): Step {
  const chance = dice.next();
  if (chance < 0.05) return { kind: "savepoint", row: drawRow(dice, name, writer) };
  if (chance < 0.07) return { kind: "insert-delete", row: drawRow(dice, name, writer) };
  if (chance < 0.09) {
    const rows = Array.from({ length: dice.whole(2, 30) }, (_, i) =>
      drawRow(dice, `${name}-${i}`, writer),
    );
    return { kind: "copy", rows };
  }
  return { kind: "insert", row: drawRow(dice, name, writer), pauseMs: dice.whole(0, 120) };
}

function drawRow(dice: Dice, name: string, writer: number): ScriptRow {
  const key = dice.chance(0.3)
    ? `hot-${dice.whole(1, HOT_KEYS)}`
    : `w${writer}-Schlüssel-${dice.whole(1, 5)}`;
  const text = dice.pick(["plain", "Grüße 世界 🚀", 'it\'s "quoted" \\ back', "\u0001\ttab"]);
  const payload = { name, text, fill: "x".repeat(dice.whole(0, 400)) };
  return {
    id: uuidOf(name),
    route: dice.pick(ROUTES),
    key,
    payload: dice.chance(0.03) ? null : JSON.stringify(payload),
    headers: dice.chance(0.2) ? JSON.stringify({ trace: name, ort: "Köln" }) : null,
  };
}

function uuidOf(text: string): string {
  const hex = createHash("md5").update(text).digest("hex");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** Ids of the rows that are events when the transaction commits. */
export function eventIds({ steps }: TransactionScript): string[] {
  return steps.flatMap((step) => {
    switch (step.kind) {
      case "insert":
      case "insert-delete":
        return [step.row.id];
      case "savepoint":
        return [];
      case "copy":
        return step.rows.map(({ id }) => id);
      case "bulk":
        return Array.from({ length: step.rows }, (_, row) => bulkId(step.name, row));
    }
  });
}
