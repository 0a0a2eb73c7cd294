// Writes strict schemas of the kinds that the chart uses, from Kubernetes' own API description, for kubeconform:
//   node scripts/chart/kubernetes-schemas.ts PATH/TO/swagger.json
// The file is api/openapi-spec/swagger.json of the Go module k8s.io/kubernetes; `go mod download -json` tells its place.
import { readFileSync, writeFileSync } from "node:fs";

const KINDS = [
  "Deployment",
  "ConfigMap",
  "Secret",
  "Service",
  "ServiceAccount",
  "PodDisruptionBudget",
  "NetworkPolicy",
  "Job",
  "Pod",
];
const TARGET = new URL("../../test/support/chart/schemas/", import.meta.url);
const REFERENCE = "#/definitions/";
const TEXT_OR_NUMBER = /\.(?:IntOrString|Quantity)$/;

interface Definition {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly "x-kubernetes-group-version-kind"?: readonly {
    readonly group: string;
    readonly version: string;
    readonly kind: string;
  }[];
}

type Definitions = Readonly<Record<string, Definition>>;

function strict(name: string, definition: Definition): unknown {
  if (TEXT_OR_NUMBER.test(name)) return { type: ["string", "number", "null"] };
  const [identity] = definition["x-kubernetes-group-version-kind"] ?? [];
  const schema = relaxed(definition, []) as Record<string, unknown>;
  const properties = schema["properties"] as Record<string, unknown> | undefined;
  if (properties === undefined) return schema;
  if (identity !== undefined && properties["kind"] !== undefined) {
    const { group, version, kind } = identity;
    properties["kind"] = { enum: [kind] };
    properties["apiVersion"] = { enum: [group === "" ? version : `${group}/${version}`] };
  }
  return { ...schema, additionalProperties: false };
}

/** Without descriptions and extensions; a property may be null; references lead to the one file of definitions. */
function relaxed(value: unknown, path: readonly string[]): unknown {
  if (Array.isArray(value)) return value.map((entry) => relaxed(entry, path));
  if (typeof value !== "object" || value === null) return value;
  const isNames = path.at(-1) === "properties";
  const entries = Object.entries(value)
    .filter(([key]) => isNames || (key !== "description" && !key.startsWith("x-")))
    .map(([key, inner]) => [key, key === "$ref" ? moved(inner) : relaxed(inner, [...path, key])]);
  const copy = Object.fromEntries(entries) as Record<string, unknown>;
  const isProperty = path.at(-2) === "properties";
  if (isProperty && typeof copy["type"] === "string") copy["type"] = [copy["type"], "null"];
  return copy;
}

function moved(reference: unknown): string {
  return `_definitions.json${String(reference)}`;
}

/** The names that `name` leads to, itself included. */
function reachable(definitions: Definitions, names: readonly string[]): Set<string> {
  const found = new Set<string>();
  const left = [...names];
  for (let name = left.pop(); name !== undefined; name = left.pop()) {
    if (found.has(name)) continue;
    found.add(name);
    const text = JSON.stringify(definitions[name]);
    left.push(...[...text.matchAll(/"#\/definitions\/([^"]+)"/g)].map(([, next = ""]) => next));
  }
  return found;
}

function fileName({
  group,
  version,
  kind,
}: {
  group: string;
  version: string;
  kind: string;
}): string {
  const short = group.split(".")[0] ?? "";
  return `${[kind, short, version].filter((part) => part !== "").join("-")}.json`.toLowerCase();
}

const [source] = process.argv.slice(2);
if (source === undefined) throw new Error("the path of swagger.json is missing");
const { definitions } = JSON.parse(readFileSync(source, "utf8")) as { definitions: Definitions };
const roots = Object.entries(definitions).flatMap(([name, definition]) => {
  const [identity] = definition["x-kubernetes-group-version-kind"] ?? [];
  const isWanted = KINDS.includes(identity?.kind ?? "") && identity?.version === "v1";
  return identity !== undefined && isWanted ? [{ name, identity }] : [];
});
const names = reachable(
  definitions,
  roots.map(({ name }) => name),
);
const kept = [...names].toSorted().map((name) => [name, strict(name, definitions[name] ?? {})]);
write("_definitions.json", { definitions: Object.fromEntries(kept) });
for (const { name, identity } of roots) {
  write(fileName(identity), { $ref: `_definitions.json${REFERENCE}${name}` });
}

function write(file: string, content: unknown): void {
  writeFileSync(new URL(file, TARGET), `${JSON.stringify(content)}\n`);
}
