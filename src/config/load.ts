import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import convict from "convict";
import { ConfigError } from "./config-error.ts";
import type { Environment } from "./environment.ts";
import type { LibpqParts } from "./libpq.ts";
import { fillMissing, LIBPQ_NAMES, libpqProblems, urlFromParts } from "./libpq.ts";
import type { RawValue, ReadFile } from "./lookup.ts";
import { lookUp, lookUpName, unknownNames } from "./lookup.ts";
import { relationProblems } from "./relations.ts";
import type { Config } from "./schema.ts";
import { settings } from "./schema.ts";
import type { PlacedSetting, Setting } from "./setting.ts";
import { allSettings } from "./setting.ts";

export interface LoadedConfig {
  readonly config: Config;
  /** Sentences for the log: nothing that stops the start. */
  readonly warnings: readonly string[];
}

/** Values by the dotted path of their setting. */
type ValuesByPath = Map<string, unknown>;

const SHOWN_CHARACTERS_MAX = 80;

/**
 * Makes the config from environment variables: `RELAY_X`, else the file that `RELAY_X_FILE` names, else a
 * well-known alias, else the default. Throws ConfigError with every problem at once.
 */
export function loadConfig(env: Environment, readFile: ReadFile = readText): LoadedConfig {
  const placed = allSettings(settings);
  const values: ValuesByPath = new Map();
  const problems = placed.flatMap((one) => readSetting(one, env, readFile, values));
  problems.push(...readLibpq(env, readFile, values));
  deriveMissing(values);
  problems.push(...missing(placed, values, problems), ...failpointProblems(env, values));
  const unknown = unknownNames(env, placed);
  if (values.get("strict") === true) problems.push(...unknown.splice(0));
  if (problems.length > 0) throw new ConfigError(problems, unknown);
  const config = checked(values);
  const broken = relationProblems(config);
  if (broken.length > 0) throw new ConfigError(broken);
  return { config, warnings: unknown };
}

function readText(path: string): string {
  return readFileSync(path, "utf8");
}

/** Puts the value into `values` when there is one; returns what is wrong with it. */
function readSetting(
  { path, setting }: PlacedSetting,
  env: Environment,
  readFile: ReadFile,
  values: ValuesByPath,
): readonly string[] {
  const { value: raw, problems } = lookUp(setting, env, readFile);
  if (raw === undefined) return problems;
  try {
    values.set(path.join("."), setting.kind.parse(raw.text));
    return [];
  } catch (error) {
    return [describe(setting, raw, error)];
  }
}

function describe(setting: Setting<unknown>, raw: RawValue, error: unknown): string {
  const shown = setting.sensitive ? "its value (hidden)" : quote(raw.text);
  const reason = error instanceof Error ? error.message : "it cannot be read";
  const example = setting.example === "" ? "" : `; example: ${setting.env}=${setting.example}`;
  return `${raw.name}: ${shown} is not valid: ${reason}${example}`;
}

function quote(text: string): string {
  const cut =
    text.length > SHOWN_CHARACTERS_MAX ? `${text.slice(0, SHOWN_CHARACTERS_MAX)}...` : text;
  return JSON.stringify(cut);
}

/** Fills the database URLs from libpq's variables; returns what is wrong with those. */
function readLibpq(env: Environment, readFile: ReadFile, values: ValuesByPath): readonly string[] {
  const names = Object.entries(LIBPQ_NAMES);
  const lookups = names.map(([part, name]) => ({ part, ...lookUpName(name, env, readFile) }));
  const parts = Object.fromEntries(
    lookups.map(({ part, value }) => [part, value?.text]),
  ) as unknown as LibpqParts;
  const problems = [...lookups.flatMap((found) => found.problems), ...libpqProblems(parts)];
  if (problems.length > 0) return problems;
  const fromParts = urlFromParts(parts);
  if (!values.has("database.url") && fromParts !== undefined) values.set("database.url", fromParts);
  for (const path of ["database.url", "database.replicationUrl", "database.migrationUrl"]) {
    const url = values.get(path);
    if (typeof url === "string") values.set(path, fillMissing(url, parts));
  }
  return [];
}

/** Works out the values that come from others when nobody sets them. */
function deriveMissing(values: ValuesByPath): void {
  const given = values.get("slot.name");
  const slot = typeof given === "string" ? given : settings.slot.name.default;
  const derived: Record<string, unknown> = {
    "database.replicationUrl": values.get("database.url"),
    "database.migrationUrl": values.get("database.url"),
    "transaction.idPrefix": `outbox-relay.${slot}`,
    "checkpoint.topic": `outbox-relay.checkpoint.${slot}`,
    instanceId: hostname(),
  };
  for (const [path, value] of Object.entries(derived)) {
    if (!values.has(path) && value !== undefined) values.set(path, value);
  }
}

/** The image sets `NODE_ENV`, so that a test's leftover variable cannot kill a relay that people depend on. */
function failpointProblems(env: Environment, values: ValuesByPath): string[] {
  const planted = values.get("failpoints");
  if (env["NODE_ENV"] !== "production" || !Array.isArray(planted) || planted.length === 0) {
    return [];
  }
  return [
    "RELAY_FAILPOINTS: faults are for tests of the relay and are refused with NODE_ENV=production; unset it",
  ];
}

/** Required settings without a value, less those whose own problem says more. */
function missing(
  placed: readonly PlacedSetting[],
  values: ValuesByPath,
  problems: readonly string[],
): string[] {
  const complained = (name: string): boolean => problems.some((text) => text.startsWith(name));
  return placed
    .filter(({ path, setting }) => setting.default === null && !values.has(path.join(".")))
    .filter(({ setting }) => setting.derived?.startsWith("required") === true)
    .filter(({ setting }) => ![setting.env, ...setting.aliases].some(complained))
    .map(({ setting }) => `${setting.env} is not set; example: ${setting.env}=${setting.example}`);
}

/** convict adds the defaults and holds every final value, defaults included, against the schema. */
function checked(values: ValuesByPath): Config {
  const tree = convict<Config>(settings as unknown as convict.Schema<Config>, {
    env: {},
    args: [],
  });
  for (const [path, value] of values) tree.set(path, value);
  tree.validate({ allowed: "strict" });
  return deepFreeze(tree.getProperties());
}

function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null) {
    for (const part of Object.values(value)) deepFreeze(part);
    Object.freeze(value);
  }
  return value;
}
