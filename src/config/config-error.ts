import { RelayError } from "../relay/errors.ts";

/** The settings do not make a config. The message lists every problem, one a line, and holds no secret; exit code 78. */
export class ConfigError extends RelayError {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
    super(
      `the configuration has ${count}:\n${problems.map((problem) => `  - ${problem}`).join("\n")}`,
      {
        code: "CONFIG_INVALID",
        remedy: "halt",
        hint: "Correct the variables named above and start again; docs/configuration.md lists all settings.",
      },
    );
    this.problems = problems;
  }
}
