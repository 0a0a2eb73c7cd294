import { runAccept } from "../../../../src/cli/accept.ts";
import type { Output } from "../../../../src/cli/output.ts";
import { runRepair } from "../../../../src/cli/repair.ts";
import { runSlot } from "../../../../src/cli/slot.ts";
import { loadConfig } from "../../../../src/config/load.ts";
import type { CommandResult } from "../../../support/relay/fixture.ts";

const DEADLINE_MS = 90_000;

/** Runs `repair`, `accept` or `slot` of the program with these words after it, in this process. */
export async function runCommand(
  command: readonly string[],
  settings: Readonly<Record<string, string>>,
): Promise<CommandResult> {
  const [word = "", ...argv] = command;
  const written = { stdout: "", stderr: "" };
  const out: Output = {
    stdout: (text) => {
      written.stdout += text;
    },
    stderr: (text) => {
      written.stderr += text;
    },
  };
  const { config } = loadConfig(settings);
  const run = { repair: runRepair, accept: runAccept, slot: runSlot }[word];
  if (run === undefined) throw new Error(`no command ${command.join(" ")}`);
  const code = await run(argv, config, out, AbortSignal.timeout(DEADLINE_MS));
  return { code, ...written };
}
