import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import convict from "convict";
import { shardSuffix } from "../relay/shard.ts";
import { ConfigError } from "./config-error.ts";
import type { Environment } from "./environment.ts";
import type { Origin } from "./gathered.ts";
import { Gathered } from "./gathered.ts";
import { kafkaSecurityCautions, kafkaSecurityProblems } from "./kafka-security-problems.ts";
import type { RawValue, ReadFile } from "./lookup.ts";
import { lookUp, unknownNames } from "./lookup.ts";
import { readLibpq, readLibpqTls } from "./read-libpq.ts";
import { relationProblems } from "./relations.ts";
import type { Config, SettingValues } from "./schema.ts";
import { settings } from "./schema.ts";
import { readDatabases, securityOf } from "./security.ts";
import type { PlacedSetting, Setting } from "./setting.ts";
import { allSettings } from "./setting.ts";
import { weakKafkaLinks } from "./weak-links.ts";

export interface LoadedConfig {
  readonly config: Config;
  /** Sentences for the log, about names that no setting has: nothing that stops the start. */
  readonly warnings: readonly string[];
  /** Sentences for the log, about what is allowed but weak. None holds a secret. */
  readonly cautions: readonly string[];
  /** Of the setting at that dotted path. */
  readonly originOf: (path: string) => Origin;
}

const SHOWN_CHARACTERS_MAX = 80;

/**
 * Makes the config from environment variables: `RELAY_X`, else the file that `RELAY_X_FILE` names, else a
 * well-known alias, else the default. Throws ConfigError with every problem at once.
 */
export function loadConfig(env: Environment, readFile: ReadFile = readText): LoadedConfig {
  const placed = allSettings(settings);
  const gathered = new Gathered();
  const problems = placed.flatMap((one) => readSetting(one, env, readFile, gathered));
  problems.push(...readLibpq(env, readFile, gathered), ...readLibpqTls(env, readFile, gathered));
  deriveMissing(gathered);
  const databases = readDatabases(gathered, readFile);
  problems.push(...databases.problems, ...missing(placed, gathered, problems));
  problems.push(...failpointProblems(env, gathered));
  const unknown = unknownNames(env, placed);
  if (gathered.get("strict") === true) problems.push(...unknown.splice(0));
  const values = completed(gathered);
  problems.push(...unlessTold(problems, relations(values)));
  const weak = [...databases.weak, ...weakKafkaLinks(values.kafka)];
  if (values.requireTls) problems.push(...weak.map((one) => `RELAY_REQUIRE_TLS: ${one}`));
  if (problems.length > 0) throw new ConfigError(problems, unknown);
  const lapsing = kafkaSecurityCautions(values.kafka, Date.now());
  const cautions = [...databases.cautions, ...weak, ...lapsing];
  const security = securityOf(databases, values, gathered, env);
  const config: Config = deepFreeze({ ...checked(gathered), security });
  return { config, warnings: unknown, cautions, originOf: originsOf(placed, gathered) };
}

function relations(values: SettingValues): string[] {
  return [...relationProblems(values), ...kafkaSecurityProblems(values.kafka)];
}

/** Less those that only follow from another problem of the same setting. */
function unlessTold(told: readonly string[], relation: readonly string[]): string[] {
  const names = told.map((problem) => (/^[A-Z_]+/.exec(problem)?.[0] ?? "").replace(/_FILE$/, ""));
  const follows = (text: string): boolean =>
    names.some((name) => name !== "" && new RegExp(`\\b${name}\\b`).test(text));
  return relation.filter((text) => !follows(text));
}

function originsOf(placed: readonly PlacedSetting[], gathered: Gathered): (path: string) => Origin {
  const hasDefault = new Set(
    placed.filter(({ setting }) => setting.default !== null).map(({ path }) => path.join(".")),
  );
  return (path) =>
    gathered.origin(path) ?? { from: hasDefault.has(path) ? "default" : "unset", name: null };
}

function readText(path: string): string {
  return readFileSync(path, "utf8");
}

/** Puts the value into `gathered` when there is one; returns what is wrong with it. */
function readSetting(
  { path, setting }: PlacedSetting,
  env: Environment,
  readFile: ReadFile,
  gathered: Gathered,
): readonly string[] {
  const { value: raw, problems } = lookUp(setting, env, readFile);
  if (raw === undefined) return problems;
  try {
    gathered.set(path.join("."), setting.kind.parse(raw.text), originOf(setting, raw));
    return [];
  } catch (error) {
    return [describe(setting, raw, error)];
  }
}

function originOf({ env, aliases }: Setting<unknown>, { name }: RawValue): Origin {
  if (aliases.some((alias) => name.startsWith(alias))) return { from: "alias", name };
  return { from: name === env ? "variable" : "file", name };
}

function describe(setting: Setting<unknown>, raw: RawValue, error: unknown): string {
  // Somebody who mixes up two files may have put a private key where no secret is expected.
  const isHidden = setting.sensitive || raw.text.includes("-----BEGIN");
  const shown = isHidden ? "its value (hidden)" : quote(raw.text);
  const reason = error instanceof Error ? error.message : "it cannot be read";
  const example = setting.example === "" ? "" : `; example: ${setting.env}=${setting.example}`;
  return `${raw.name}: ${shown} is not valid: ${reason}${example}`;
}

function quote(text: string): string {
  const cut =
    text.length > SHOWN_CHARACTERS_MAX ? `${text.slice(0, SHOWN_CHARACTERS_MAX)}...` : text;
  return JSON.stringify(cut);
}

/** Works out the values that come from others when nobody sets them. */
function deriveMissing(gathered: Gathered): void {
  nameByShard(gathered);
  const slot = gathered.text("slot.name") ?? settings.slot.name.default;
  const derived: Record<string, unknown> = {
    "database.replicationUrl": gathered.get("database.url"),
    "database.migrationUrl": gathered.get("database.url"),
    "transaction.idPrefix": `outbox-relay.${slot}`,
    "checkpoint.topic": `outbox-relay.checkpoint.${slot}`,
    instanceId: hostname(),
  };
  for (const [path, value] of Object.entries(derived)) {
    if (gathered.has(path) || value === undefined) continue;
    gathered.set(path, value, { from: "derived", name: null });
  }
}

/** Shards share no slot and no publication. */
function nameByShard(gathered: Gathered): void {
  const shard = gathered.get("shard") as SettingValues["shard"] | undefined;
  if (shard === undefined || shard === null) return;
  for (const { path, preset } of [
    { path: "slot.name", preset: settings.slot.name.default },
    { path: "publication.name", preset: settings.publication.name.default },
  ]) {
    if (gathered.has(path)) continue;
    gathered.set(path, `${preset}${shardSuffix(shard)}`, { from: "derived", name: null });
  }
}

/** The image sets `NODE_ENV`, so that a test's leftover variable cannot kill a relay that people depend on. */
function failpointProblems(env: Environment, gathered: Gathered): string[] {
  const planted = gathered.get("failpoints");
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
  gathered: Gathered,
  problems: readonly string[],
): string[] {
  const complained = (name: string): boolean => problems.some((text) => text.startsWith(name));
  return placed
    .filter(({ path, setting }) => setting.default === null && !gathered.has(path.join(".")))
    .filter(({ setting }) => setting.derived?.startsWith("required") === true)
    .filter(({ setting }) => ![setting.env, ...setting.aliases].some(complained))
    .map(({ setting }) => `${setting.env} is not set; example: ${setting.env}=${setting.example}`);
}

function treeOf(gathered: Gathered): convict.Config<SettingValues> {
  const schema = settings as unknown as convict.Schema<SettingValues>;
  const tree = convict<SettingValues>(schema, { env: {}, args: [] });
  for (const [path, value] of gathered.entries()) tree.set(path, value);
  return tree;
}

/** With the defaults; what is required may be null. */
function completed(gathered: Gathered): SettingValues {
  return treeOf(gathered).getProperties();
}

/** convict adds the defaults and holds every final value, defaults included, against the schema. */
function checked(gathered: Gathered): SettingValues {
  const tree = treeOf(gathered);
  tree.validate({ allowed: "strict" });
  return tree.getProperties();
}

function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null) {
    for (const part of Object.values(value)) deepFreeze(part);
    Object.freeze(value);
  }
  return value;
}
