import type { Environment } from "../config/environment.ts";
import { environment } from "../config/environment.ts";
import { loadConfig } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { runAccept } from "./accept.ts";
import { config } from "./config-command.ts";
import { configured } from "./configured.ts";
import { runDoctor } from "./doctor/doctor.ts";
import { health } from "./health-command.ts";
import { runHelp } from "./help.ts";
import { migrate } from "./migrate-command.ts";
import type { Output } from "./output.ts";
import { PROCESS_OUTPUT } from "./output.ts";
import { runRepair } from "./repair.ts";
import { runRelay } from "./run.ts";
import { runSlot } from "./slot.ts";
import { status } from "./status-command.ts";
import { StopSignal } from "./stop-signal.ts";
import { version } from "./version.ts";

/** One command of the program: its exit code is 0 ok, 1 failure, 2 usage, 75 temporary, 78 configuration. */
type Command = (argv: readonly string[], env: Environment) => Promise<number>;

const COMMANDS: ReadonlyMap<string, Command> = new Map<string, Command>([
  ["run", runRelay],
  ["migrate", migrate],
  ["slot", decided(runSlot)],
  ["repair", decided(runRepair)],
  ["accept", decided(runAccept)],
  ["doctor", doctor],
  ["status", status],
  ["health", (argv, env) => health(argv, env)],
  ["config", config],
  ["help", runHelp],
  ["--help", runHelp],
  ["-h", runHelp],
  ["version", printVersion],
  ["--version", printVersion],
]);

type Decision = (
  argv: readonly string[],
  config: Config,
  out: Output,
  stop: AbortSignal,
) => Promise<number>;

/** A command that decides about a slot, with the settings of the relay itself. */
function decided(decision: Decision): Command {
  return (argv, env) =>
    configured(
      () => loadConfig(env),
      (loaded) => {
        const stop = new StopSignal();
        stop.listen();
        for (const caution of loaded.cautions) PROCESS_OUTPUT.stderr(`warning: ${caution}\n`);
        return decision(argv, loaded.config, PROCESS_OUTPUT, stop.signal);
      },
    );
}

/** Runs what `argv` says; without a word it runs the relay. */
export async function main(argv: readonly string[]): Promise<number> {
  const [word = "run", ...rest] = argv;
  const command = COMMANDS.get(word);
  if (command !== undefined) return command(rest, environment());
  process.stderr.write(`outbox-relay: no command "${word}"\n`);
  await runHelp();
  return 2;
}

function doctor(argv: readonly string[], env: Environment): Promise<number> {
  const stop = new StopSignal();
  stop.listen();
  return runDoctor(argv, env, PROCESS_OUTPUT, stop.signal);
}

async function printVersion(): Promise<number> {
  process.stdout.write(`${await version()}\n`);
  return 0;
}
