import { readdirSync, readFileSync } from "node:fs";
import { valuesSchema } from "./values-schema.ts";
import { chartReadme } from "./values-table.ts";

const ROOT = new URL("../../", import.meta.url);
const CHART = "charts/outbox-relay";

/** A chart can use only files below it, so it has copies of these. */
const COPIED = [
  { from: "config/alerts", to: `${CHART}/alerts`, end: ".yaml" },
  { from: "config/dashboards", to: `${CHART}/dashboards`, end: ".json" },
] as const;

/** Every generated file of the chart. `generated`: what is generated beside it, which is taken instead of what lies on disk. */
export function chartFiles(generated: ReadonlyMap<string, string>): Map<string, string> {
  const copies = COPIED.flatMap(({ from, to, end }) =>
    namesIn(from, end, generated).map((name): [string, string] => {
      const path = `${from}/${name}`;
      return [`${to}/${name}`, generated.get(path) ?? readFileSync(new URL(path, ROOT), "utf8")];
    }),
  );
  return new Map([
    [`${CHART}/values.schema.json`, valuesSchema()],
    [`${CHART}/README.md`, chartReadme()],
    ...copies,
  ]);
}

/** Names of the copies that the chart has, for a test that none is left of a file that is gone. */
export function copiesOnDisk(): string[] {
  return COPIED.flatMap(({ to, end }) =>
    namesIn(to, end, new Map()).map((name) => `${to}/${name}`),
  );
}

function namesIn(folder: string, end: string, generated: ReadonlyMap<string, string>): string[] {
  const onDisk = listed(folder);
  const made = [...generated.keys()]
    .filter((path) => path.startsWith(`${folder}/`))
    .map((path) => path.slice(folder.length + 1));
  return [...new Set([...onDisk, ...made])].filter((name) => name.endsWith(end)).toSorted();
}

function listed(folder: string): string[] {
  try {
    return readdirSync(new URL(`${folder}/`, ROOT));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
