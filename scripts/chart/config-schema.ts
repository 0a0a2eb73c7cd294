import { settings } from "../../src/config/schema.ts";
import type { Setting } from "../../src/config/setting.ts";
import { allSettings } from "../../src/config/setting.ts";
import type { JsonSchema } from "./json-schema.ts";

const PREFIX = "RELAY_";

/** What the chart has values of its own for, or what must differ between pods. */
const ELSEWHERE: readonly RegExp[] = [
  /^RELAY_DATABASE_SSL_/,
  /^RELAY_KAFKA_(?:BROKERS|TLS_(?:ENABLED|CA|CERT|KEY|KEY_PASSPHRASE)|SASL_.*)$/,
  /^RELAY_HTTP_(?:LISTEN|AUTH_.*)$/,
  /^RELAY_INSTANCE_ID$/,
];

/**
 * The chart's `config`: every setting by its name without prefix, and `NAME_FILE` for the path of a file. Secrets are
 * taken as files only: `config` becomes a ConfigMap.
 */
export function configSchema(): JsonSchema {
  const all = allSettings(settings).map(({ setting }) => setting);
  const users = all.filter(({ reserved }) => !reserved);
  const plain = users.filter(({ env, sensitive }) => !sensitive && !isElsewhere(env));
  const path: JsonSchema = { type: "string", pattern: "^/" };
  return {
    type: "object",
    additionalProperties: false,
    properties: Object.fromEntries([
      ...plain.map((one) => [shortName(one), settingSchema(one)]),
      ...users.map((one) => [`${shortName(one)}_FILE`, path]),
    ]) as Record<string, JsonSchema>,
  };
}

function isElsewhere(env: string): boolean {
  return ELSEWHERE.some((pattern) => pattern.test(env));
}

function shortName({ env }: Setting<unknown>): string {
  return env.slice(PREFIX.length);
}

/** The form of a value, as far as its kind tells; the relay itself holds it against the bounds. */
function settingSchema({ kind, doc }: Setting<unknown>): JsonSchema {
  return { description: `${doc} Expected: ${kind.expected}.`, ...forms(kind.name, kind.choices) };
}

function forms(kind: string, choices: readonly string[] | undefined): JsonSchema {
  if (choices !== undefined) return { type: ["string", "boolean"], enum: withBooleans(choices) };
  if (kind.startsWith("list of")) {
    return { type: ["array", "string"], items: { type: ["string", "number"] } };
  }
  switch (kind) {
    case "bool":
      return { type: ["boolean", "string"], enum: withBooleans(["true", "false"]) };
    case "int":
      return { type: ["integer", "string"], pattern: "^-?[0-9]+$|\\{\\{" };
    case "ratio":
      return { type: ["number", "string"], pattern: "^[0-9.]+$|\\{\\{" };
    case "duration":
      // As a number only 0, which means the same in every unit.
      return {
        type: ["string", "integer"],
        pattern: "^(0|[1-9][0-9]*(ms|s|m|h))$|\\{\\{",
        maximum: 0,
      };
    case "size":
      return { type: ["string", "integer"], pattern: "^(0|[1-9][0-9]*([KMG]iB)?)$|\\{\\{" };
    default:
      return { type: "string" };
  }
}

/** YAML reads a bare `true` as a boolean. */
function withBooleans(choices: readonly string[]): (string | boolean)[] {
  const booleans = ["true", "false"].filter((text) => choices.includes(text));
  return [...choices, ...booleans.map((text) => text === "true")];
}
