import { parseArgs } from "node:util";
import type { Environment } from "../../config/environment.ts";
import type { LoadedConfig } from "../../config/load.ts";
import { loadConfig } from "../../config/load.ts";
import { configured } from "../configured.ts";
import { EXIT } from "../exit-code.ts";
import type { Output } from "../output.ts";
import { hasColour } from "../output.ts";
import { Examination } from "./examination.ts";
import { hasFailed, repairSql, reportJson, reportText } from "./report.ts";

export const DOCTOR_USAGE = `Usage: outbox-relay doctor [--json] [--sql]

Asks settings, Postgres and Kafka everything that decides whether the relay can do its work: one line for each
check, OK, WARN or FAIL, with why it matters and the next step. Changes nothing, takes no slot, fences nobody, and
may run beside a relay.

Options:
  --json   the same for machines
  --sql    the statements that correct what SQL alone can correct, to read and to run

Exit codes: 0 nothing failed (there may be warnings), 1 something failed, 2 usage, 78 settings.
`;

interface DoctorCommand {
  readonly isJson: boolean;
  readonly isSql: boolean;
}

/** `argv`: what follows `doctor`. */
export async function runDoctor(
  argv: readonly string[],
  env: Environment,
  out: Output,
  stop: AbortSignal,
): Promise<number> {
  const command = parse(argv, out);
  if (typeof command === "number") return command;
  const isColoured = hasColour(out.isTerminal === true, env);
  return configured(
    () => loadConfig(env),
    (loaded) => examine(loaded, command, isColoured, out, stop),
  );
}

async function examine(
  loaded: LoadedConfig,
  { isJson, isSql }: DoctorCommand,
  isColoured: boolean,
  out: Output,
  stop: AbortSignal,
): Promise<number> {
  const sections = await new Examination(loaded).run(stop);
  if (isSql) out.stdout(repairSql(sections));
  else out.stdout(isJson ? reportJson(sections) : reportText(sections, isColoured));
  return hasFailed(sections) ? EXIT.failure : EXIT.ok;
}

function parse(argv: readonly string[], out: Output): DoctorCommand | number {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        json: { type: "boolean", default: false },
        sql: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (values.help) {
      out.stdout(DOCTOR_USAGE);
      return EXIT.ok;
    }
    if (values.json && values.sql) return usage("say --json or --sql, not both", out);
    return { isJson: values.json, isSql: values.sql };
  } catch (error) {
    return usage((error as Error).message, out);
  }
}

function usage(problem: string, out: Output): number {
  out.stderr(`outbox-relay doctor: ${problem}\n\n${DOCTOR_USAGE}`);
  return EXIT.usage;
}
