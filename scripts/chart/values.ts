import { readFileSync } from "node:fs";
import { isMap, isScalar, parseDocument } from "yaml";

/** One value of the chart that users set: a leaf of values.yaml, or a map that they fill themselves. */
export interface ChartValue {
  readonly path: readonly string[];
  readonly default: unknown;
  readonly description: string;
}

const MARK = "-- ";

/** All values in the order of values.yaml. Throws for one that has no line `# -- text` above it. */
export function chartValues(): ChartValue[] {
  const file = new URL("../../charts/outbox-relay/values.yaml", import.meta.url);
  return valuesOf(readFileSync(file, "utf8"));
}

export function valuesOf(text: string): ChartValue[] {
  return walk(parseDocument(text).contents, []);
}

function walk(node: unknown, path: readonly string[]): ChartValue[] {
  if (!isMap(node)) throw new Error(`${path.join(".")} is no map`);
  return node.items.flatMap(({ key, value }, index) => {
    if (!isScalar(key)) throw new Error(`a key of ${path.join(".")} is no text`);
    const place = [...path, String(key.value)];
    // The first comment in a map is held by the map, the others by their keys.
    const comment = key.commentBefore ?? (index === 0 ? node.commentBefore : undefined) ?? "";
    const description = described(comment);
    if (description !== undefined) {
      return [{ path: place, default: isScalar(value) ? value.value : toJs(value), description }];
    }
    if (isMap(value) && value.items.length > 0) return walk(value, place);
    throw new Error(`values.yaml says nothing about ${place.join(".")}`);
  });
}

/** The last line of a comment, when it is marked as a description. */
function described(comment: string): string | undefined {
  const line = comment.split("\n").at(-1)?.trim() ?? "";
  return line.startsWith(MARK) ? line.slice(MARK.length) : undefined;
}

function toJs(node: unknown): unknown {
  return (node as { toJSON(): unknown }).toJSON();
}
