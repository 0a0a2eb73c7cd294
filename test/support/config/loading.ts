import { ConfigError } from "../../../src/config/config-error.ts";
import type { Environment } from "../../../src/config/environment.ts";
import type { LoadedConfig } from "../../../src/config/load.ts";
import { loadConfig } from "../../../src/config/load.ts";

/** The least that makes a config. */
export const MINIMAL = {
  RELAY_DATABASE_URL: "postgres://relay:pw@db:5432/shop",
  RELAY_KAFKA_BROKERS: "kafka:9092",
};

/** `files`: their texts by path; no other is there. */
export function load(env: Environment, files: Readonly<Record<string, string>> = {}): LoadedConfig {
  return loadConfig(env, (path) => {
    const text = files[path];
    if (text === undefined) throw Object.assign(new Error(`no ${path}`), { code: "ENOENT" });
    return text;
  });
}

/** What `load` complains of, if it does, as people are shown it; `secret` or a private key in there is all that counts then. */
export function shownProblems(load: () => unknown, secret: string): readonly string[] {
  try {
    load();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const isShown = error.message.includes(secret) || error.message.includes("PRIVATE KEY");
    return isShown ? ["a secret is shown"] : error.problems;
  }
  return [];
}

/** What is wrong with an environment; throws when it makes a config. */
export function problemsOf(
  env: Environment,
  files: Readonly<Record<string, string>> = {},
): string[] {
  try {
    load(env, files);
  } catch (error) {
    if (error instanceof ConfigError) return [...error.problems];
    throw error;
  }
  throw new Error("this environment makes a config");
}
