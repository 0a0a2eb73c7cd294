import type { Environment } from "../config/environment.ts";
import { loadConfig } from "../config/load.ts";
import { effectiveSettings, effectiveText } from "../config/print.ts";
import { configurationMarkdown } from "../config/reference.ts";
import { chosenCodec } from "./compression.ts";
import { configured } from "./configured.ts";
import { EXIT } from "./exit-code.ts";
import type { Output } from "./output.ts";
import { PROCESS_OUTPUT } from "./output.ts";

export const CONFIG_USAGE = `Usage: outbox-relay config <print|check|docs> [--json]

  print    every setting as it is in force, with where it comes from; secrets are hidden
  check    every problem of the settings at once, or "ok"; connects to nothing
  docs     the documentation of all settings, in Markdown

Options:
  --json   print as JSON
Exit codes: 0 ok; 2 usage; 78 the settings have problems.
`;

/** `outbox-relay config`. Connects to nothing. */
export function config(
  argv: readonly string[],
  env: Environment,
  out: Output = PROCESS_OUTPUT,
): Promise<number> {
  if (argv.includes("--help") || argv.includes("-h")) {
    out.stdout(CONFIG_USAGE);
    return Promise.resolve(EXIT.ok);
  }
  switch (argv.join(" ")) {
    case "print":
      return print(env, out, false);
    case "print --json":
      return print(env, out, true);
    case "check":
      return check(env, out);
    case "docs":
      out.stdout(configurationMarkdown());
      return Promise.resolve(EXIT.ok);
    default:
      out.stderr(`outbox-relay config: expected print, check or docs\n\n${CONFIG_USAGE}`);
      return Promise.resolve(EXIT.usage);
  }
}

function print(env: Environment, out: Output, isJson: boolean): Promise<number> {
  return configured(
    () => loadConfig(env),
    (loaded) => {
      const found = effectiveSettings(loaded);
      out.stdout(isJson ? `${JSON.stringify(found, null, 2)}\n` : effectiveText(found));
      return Promise.resolve(EXIT.ok);
    },
    out,
  );
}

function check(env: Environment, out: Output): Promise<number> {
  return configured(
    () => loadConfig(env),
    ({ config, warnings, cautions }) => {
      chosenCodec(config);
      const lines = [...warnings, ...cautions].map((sentence) => `warning: ${sentence}\n`);
      out.stdout(`${lines.join("")}ok\n`);
      return Promise.resolve(EXIT.ok);
    },
    out,
  );
}
