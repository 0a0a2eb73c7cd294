import { parseArgs } from "node:util";
import type { Config } from "../config/schema.ts";
import type { RelayError } from "../relay/errors.ts";
import type { Plan } from "../relay/operate/plan.ts";
import { planBackfill } from "../relay/operate/plan.ts";
import type { PlannedRows, Unfinished } from "../relay/operate/planned-rows.ts";
import { plannedRows } from "../relay/operate/planned-rows.ts";
import { isRepairable } from "../relay/operate/situation.ts";
import { EXIT } from "./exit-code.ts";
import { Operator } from "./operator.ts";
import type { Output } from "./output.ts";

export const REPAIR_USAGE = `Usage: outbox-relay repair [--plan] [--all-rows] [--json]

After a gap (a slot that was dropped, moved or lost its WAL, a publication that was changed): publishes the rows of the
outbox tables that are missing at Kafka, exactly those, and goes on from a new slot. It can be stopped and run again.

  --plan      counts the rows that may be missing, those that Kafka holds, and those that would be sent; changes nothing.
              While an interrupted repair or first snapshot keeps its slot: those from before the slot
  --all-rows  looks at each row of the tables, also where no gap was found: for rows that a warning or a halt named, such
              as those that a table held when it was attached. The relays have to be stopped for the moment of its start
  --json      the plan as JSON

Needs: rows that are still in the tables, and a role that may read all of them (SELECT, and no row-level security).
Without --all-rows only rows that were written or changed since the last watermark of the checkpoint are looked at.
Rows come in the order of writing where the table has the column write_order (outbox-relay migrate up --write-order);
without it, in the order of transaction ids, and within one statement by their places.
Exit codes: 0 done, or nothing to repair; 1 cannot be repaired; 2 usage; 75 try again; 78 configuration.
`;

/** `argv`: what follows `repair`. */
export async function runRepair(
  argv: readonly string[],
  config: Config,
  out: Output,
  stop: AbortSignal,
): Promise<number> {
  const options = parse(argv, out);
  if (typeof options === "number") return options;
  const operator = new Operator(config, out);
  const { operations } = operator;
  return operator.run(
    () =>
      options.isPlan
        ? plan(operator, options, out, stop)
        : operator.decide(() => operations.repair(options.isOfAllRows, stop), stop),
    stop,
  );
}

interface RepairOptions {
  readonly isPlan: boolean;
  readonly isOfAllRows: boolean;
  readonly isJson: boolean;
}

function parse(argv: readonly string[], out: Output): RepairOptions | number {
  try {
    const options = {
      plan: { type: "boolean", default: false },
      "all-rows": { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    } as const;
    const { values } = parseArgs({ args: [...argv], options });
    const { plan: isPlan, json: isJson, "all-rows": isOfAllRows } = values;
    if (!values.help) return { isPlan, isOfAllRows, isJson };
    out.stdout(REPAIR_USAGE);
    return EXIT.ok;
  } catch (error) {
    out.stderr(`outbox-relay repair: ${(error as Error).message}\n\n${REPAIR_USAGE}`);
    return EXIT.usage;
  }
}

async function plan(
  { operations, options, ports }: Operator,
  { isJson, isOfAllRows }: RepairOptions,
  out: Output,
  stop: AbortSignal,
): Promise<number> {
  const found = await operations.look(stop);
  const { verdict } = found;
  const read = await plannedRows(ports.source, options, found, isOfAllRows, stop);
  const { rows, since, unfinished, refusal: problem } = read;
  try {
    const { topicTemplate } = options.outbox;
    const planned = await planBackfill(rows, ports.published, topicTemplate, since, stop);
    const code = verdict.kind === "halt" ? verdict.fault.code : null;
    const summary = {
      code,
      problem: problem?.message ?? null,
      repairable: unfinished === null ? isRepairable(found) : problem === null,
      since: since?.atMs ?? null,
      unfinished,
      ...planned,
    };
    out.stdout(
      isJson ? `${JSON.stringify(summary)}\n` : describe(planned, code, read) + refusal(problem),
    );
    return EXIT.ok;
  } finally {
    await rows.close();
  }
}

/** A gap that repair does not close: what it would say. */
function refusal(problem: RelayError | null): string {
  if (problem === null) return "";
  return `repair refuses, and would send nothing: ${problem.message}\n${problem.hint}\n`;
}

function gap(code: string | null): string {
  return code === null ? "no gap was found: only repair --all-rows would send" : `gap: ${code}`;
}

/** What a repair does first, whatever it is asked for. */
function begun({ keptSinceMs }: Unfinished): string {
  const slot =
    keptSinceMs === null
      ? "with a new slot"
      : `and keeps the slot of ${time(keptSinceMs)}: rows that were inserted since come by it and are not counted here`;
  return `a repair or a first snapshot was begun: the next repair, or the relay, goes on with it ${slot}`;
}

function kept(unfinished: Unfinished | null): string {
  return unfinished === null || unfinished.keptSinceMs === null ? "" : ", from before the slot";
}

function time(ms: number): string {
  return new Date(ms).toISOString();
}

function describe(
  { rows, candidates, published, missing, cutShort, notes }: Plan,
  code: string | null,
  { since, unfinished }: PlannedRows,
): string {
  const range = since === null ? "all rows" : `rows written since ${time(since.atMs)}`;
  const lines = [
    unfinished === null ? gap(code) : begun(unfinished),
    `rows in the tables: ${rows}`,
    `candidates (${range}${kept(unfinished)}): ${candidates}`,
    `at Kafka already: ${published}`,
    `would be sent: ${missing}`,
  ];
  if (unfinished !== null && unfinished.doubtful > 0) {
    lines.push(
      `up to ${unfinished.doubtful} of the candidates come by the slot instead: they were written or changed since it was made, and repair compares them with what it holds`,
    );
  }
  if (cutShort.length > 0) {
    const places = cutShort.join(", ");
    lines.push(
      `older records were removed from ${places}: rows published there before would be sent again`,
    );
  }
  lines.push(...notes.map((note) => `note: ${note}`));
  return `${lines.join("\n")}\n`;
}
