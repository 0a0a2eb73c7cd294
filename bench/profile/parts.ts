import type { Frame } from "./call-tree.ts";

const PATHS: readonly (readonly [pattern: RegExp, part: string])[] = [
  [/\/dist\/postgres\/|node_modules\/pg/, "capture"],
  [/\/dist\/relay\/(?:decode|event|record|intake|lsn|position)/, "rows to records"],
  [/\/dist\/relay\//, "batches, settling"],
  [/\/dist\/kafka\/|node_modules\/(?:kafkajs|@node-rs)/, "produce path"],
  [/\/dist\/(?:ops|cli)\/|node_modules\/(?:prom-client|pino)/, "metrics, logs"],
];

/** What a frame's own time is spent for. */
export function partOf({ name, url }: Frame): string {
  if (name === "(garbage collector)") return "garbage collection";
  for (const [pattern, part] of PATHS) if (pattern.test(url)) return part;
  return "sockets, Node";
}

export const PART_COLORS: ReadonlyMap<string, string> = new Map([
  ["capture", "#8ecae6"],
  ["rows to records", "#a7d49b"],
  ["batches, settling", "#f6d55c"],
  ["produce path", "#f4a261"],
  ["metrics, logs", "#cdb4db"],
  ["sockets, Node", "#d9d9d9"],
  ["garbage collection", "#e5989b"],
]);
