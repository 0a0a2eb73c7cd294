import { parseArgs } from "node:util";
import type { Config } from "../config/schema.ts";
import { formatLsn } from "../relay/lsn.ts";
import type { Situation } from "../relay/operate/situation.ts";
import { coveredLsn } from "../relay/progress.ts";
import { EXIT } from "./exit-code.ts";
import { Operator } from "./operator.ts";
import type { Output } from "./output.ts";

export const SLOT_USAGE = `Usage: outbox-relay slot <create|inspect|drop|adopt> [options]

  create                  makes the slot of a relay that has never published; rows committed from then on are published
  inspect [--json]        tells how slot, checkpoint and server stand to each other; changes nothing
  drop --confirm NAME     drops the slot that RELAY_SLOT_NAME names; the WAL it holds is gone, and with it the rows in it
  adopt [--trust-slot] [--take-over]
                          goes on with a slot or a server that the checkpoint is not of

adopt answers one question: from where on is this server the truth?
  without an option       from its tables: every row that is in them and not at Kafka is published, then what the new slot
                          brings. After pg_upgrade, after a restore, when the checkpoint topic was lost, with a server
                          that was set back. Rows that were deleted from the tables unpublished are lost.
  --trust-slot            from where the slot stands: you know that everything committed before is at Kafka, or that
                          nobody needs it. For a slot that you made for this relay, or that pg_upgrade took along.
  --take-over             also when the checkpoint is of another server or database and its relay wrote within the last
                          minute: you know that it is stopped for good. Without it adopt refuses, for it would take that
                          relay down.
Every adoption leaves a record in the checkpoint topic: what was seen, who decided, and the former checkpoint.
Exit codes: 0 done; 1 refused; 2 usage; 75 try again; 78 configuration.
`;

interface SlotCommand {
  readonly action: "create" | "inspect" | "drop" | "adopt";
  readonly isJson: boolean;
  readonly trustsSlot: boolean;
  readonly takesOver: boolean;
}

/** `argv`: what follows `slot`. */
export async function runSlot(
  argv: readonly string[],
  config: Config,
  out: Output,
  stop: AbortSignal,
): Promise<number> {
  const command = parse(argv, config.slot.name, out);
  if (typeof command === "number") return command;
  const operator = new Operator(config, out);
  return operator.run(() => execute(command, operator, out, stop), stop);
}

function execute(
  { action, isJson, trustsSlot, takesOver }: SlotCommand,
  operator: Operator,
  out: Output,
  stop: AbortSignal,
): Promise<number> {
  const { operations } = operator;
  switch (action) {
    case "create":
      return operator.decide(() => operations.createSlot(stop), stop);
    case "adopt":
      return operator.decide(() => operations.adopt({ trustsSlot, takesOver }, stop), stop);
    case "drop":
      return drop(operator, out, stop);
    case "inspect":
      return inspect(operator, isJson, out, stop);
  }
}

async function drop({ ports, options }: Operator, out: Output, stop: AbortSignal): Promise<number> {
  await ports.database.dropSlot(stop);
  out.stdout(
    `slot ${options.slot} is gone. A relay with a checkpoint halts now (GAP_SLOT_MISSING) until outbox-relay repair has run.\n`,
  );
  return EXIT.ok;
}

async function inspect(
  { operations, options }: Operator,
  isJson: boolean,
  out: Output,
  stop: AbortSignal,
): Promise<number> {
  const found = await operations.look(stop);
  const facts = summary(options.slot, found);
  if (isJson) out.stdout(`${JSON.stringify(facts, null, 2)}\n`);
  else
    out.stdout(
      Object.entries(facts)
        .map(([name, value]) => `${name}: ${String(value ?? "-")}\n`)
        .join(""),
    );
  return EXIT.ok;
}

function summary(
  name: string,
  { slot, checkpoint, seen, verdict }: Situation,
): Record<string, string | boolean | null> {
  const lsn = (value: Parameters<typeof formatLsn>[0] | null | undefined): string | null =>
    value === null || value === undefined ? null : formatLsn(value);
  const fault = verdict.kind === "halt" ? verdict.fault : null;
  return {
    slot: name,
    exists: slot !== null,
    active: slot?.active ?? false,
    walStatus: slot?.walStatus ?? null,
    invalidationReason: slot?.invalidationReason ?? null,
    restartLsn: lsn(slot?.restartLsn),
    confirmedLsn: lsn(slot?.confirmedLsn),
    checkpointLsn: checkpoint === null ? null : formatLsn(coveredLsn(checkpoint)),
    checkpointAt: checkpoint?.at ?? null,
    checkpointBy: checkpoint?.instance ?? null,
    watermarkAt:
      checkpoint?.watermark == null ? null : new Date(checkpoint.watermark.atMs).toISOString(),
    server: `${seen.systemId} on timeline ${seen.timeline}`,
    halt: checkpoint?.halt?.code ?? null,
    haltSince: checkpoint?.halt?.at ?? null,
    haltBy: checkpoint?.halt?.instance ?? null,
    verdict: fault?.code ?? verdict.kind,
    message: fault?.message ?? null,
    next: fault?.hint ?? null,
  };
}

function parse(argv: readonly string[], slot: string, out: Output): SlotCommand | number {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        json: { type: "boolean", default: false },
        "trust-slot": { type: "boolean", default: false },
        "take-over": { type: "boolean", default: false },
        confirm: { type: "string" },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (values.help) {
      out.stdout(SLOT_USAGE);
      return EXIT.ok;
    }
    const [action, ...rest] = positionals;
    const isKnown =
      action === "create" || action === "inspect" || action === "drop" || action === "adopt";
    if (!isKnown || rest.length > 0) return usage(`no command "${positionals.join(" ")}"`, out);
    if (action === "drop" && values.confirm !== slot) {
      return usage(`to drop it say --confirm ${slot}`, out);
    }
    const { json: isJson, "trust-slot": trustsSlot, "take-over": takesOver } = values;
    return { action, isJson, trustsSlot, takesOver };
  } catch (error) {
    return usage((error as Error).message, out);
  }
}

function usage(problem: string, out: Output): number {
  out.stderr(`outbox-relay slot: ${problem}\n\n${SLOT_USAGE}`);
  return EXIT.usage;
}
