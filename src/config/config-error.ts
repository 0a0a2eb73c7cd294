import { RelayError } from "../relay/errors.ts";
import { inert } from "../relay/inert-text.ts";

/** The settings do not make a config. The message lists every problem, one a line, and holds no secret; exit code 78. */
export class ConfigError extends RelayError {
  readonly problems: readonly string[];

  /** `unknown`: names that no setting has. They are no problem in themselves, but often the cause of one. */
  constructor(problems: readonly string[], unknown: readonly string[] = []) {
    const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
    super(`the configuration has ${count}`, {
      code: "CONFIG_INVALID",
      remedy: "halt",
      hint: "Correct the variables named above and start again; docs/configuration.md lists all settings.",
    });
    const causes = unknown.length === 0 ? "" : `\nperhaps because:\n${list(unknown)}`;
    // The one message of several lines; each line is inert by itself.
    this.message = `the configuration has ${count}:\n${list(problems)}${causes}`;
    this.problems = problems;
  }
}

function list(sentences: readonly string[]): string {
  return sentences.map((sentence) => `  - ${inert(sentence)}`).join("\n");
}
