import { configSchema } from "./config-schema.ts";
import type { JsonSchema } from "./json-schema.ts";
import { REFINEMENTS } from "./refinements.ts";
import type { ChartValue } from "./values.ts";
import { chartValues } from "./values.ts";

interface Branch extends JsonSchema {
  readonly properties: Record<string, JsonSchema>;
}

/**
 * charts/outbox-relay/values.schema.json: types from the defaults of values.yaml, what they cannot tell from
 * refinements.ts, and `config` from the settings of the relay. A name that is in none of them is refused.
 */
export function valuesSchema(): string {
  const root = branch();
  for (const value of chartValues()) put(root, value);
  checkRefinements(chartValues());
  // A parent chart adds these two to the values of a chart below it.
  root.properties["global"] = { type: "object" };
  root.properties["enabled"] = { type: "boolean" };
  const schema = { $schema: "http://json-schema.org/draft-07/schema#", title: "outbox-relay" };
  return `${JSON.stringify({ ...schema, ...root }, null, 2)}\n`;
}

function branch(): Branch {
  return { type: "object", additionalProperties: false, properties: {} };
}

function put(root: Branch, value: ChartValue): void {
  let place = root;
  for (const name of value.path.slice(0, -1)) {
    place.properties[name] ??= branch();
    place = place.properties[name] as Branch;
  }
  place.properties[value.path.at(-1) ?? ""] = leaf(value);
}

function leaf({ path, default: preset, description }: ChartValue): JsonSchema {
  const dotted = path.join(".");
  const own =
    dotted === "config" ? configSchema() : (REFINEMENTS[dotted] ?? typeOf(preset, dotted));
  return { description, ...own };
}

function typeOf(preset: unknown, dotted: string): JsonSchema {
  if (Array.isArray(preset)) return { type: "array" };
  if (typeof preset === "object" && preset !== null) return { type: "object" };
  if (typeof preset === "string" || typeof preset === "boolean") return { type: typeof preset };
  if (typeof preset === "number") return { type: "integer", minimum: 0 };
  throw new Error(`${dotted} needs a type in scripts/chart/refinements.ts`);
}

function checkRefinements(values: readonly ChartValue[]): void {
  const known = new Set(values.map(({ path }) => path.join(".")));
  const left = Object.keys(REFINEMENTS).filter((path) => !known.has(path));
  if (left.length > 0) throw new Error(`refinements.ts has no value for ${left.join(", ")}`);
}
