import type { Environment } from "../config/environment.ts";
import { environment } from "../config/environment.ts";
import { runHelp } from "./help.ts";
import { migrate } from "./migrate-command.ts";
import { runRelay } from "./run.ts";
import { status } from "./status-command.ts";
import { version } from "./version.ts";

/** One command of the program: its exit code is 0 ok, 1 failure, 2 usage, 75 temporary, 78 configuration. */
type Command = (argv: readonly string[], env: Environment) => Promise<number>;

const COMMANDS: ReadonlyMap<string, Command> = new Map<string, Command>([
  ["run", runRelay],
  ["migrate", migrate],
  ["status", status],
  ["help", runHelp],
  ["--help", runHelp],
  ["-h", runHelp],
  ["version", printVersion],
  ["--version", printVersion],
]);

/** Runs what `argv` says; without a word it runs the relay. */
export async function main(argv: readonly string[]): Promise<number> {
  const [word = "run", ...rest] = argv;
  const command = COMMANDS.get(word);
  if (command !== undefined) return command(rest, environment());
  process.stderr.write(`outbox-relay: no command "${word}"\n`);
  await runHelp();
  return 2;
}

async function printVersion(): Promise<number> {
  process.stdout.write(`${await version()}\n`);
  return 0;
}
