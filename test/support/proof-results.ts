import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

/** Where the scripts keep their figures; docs/proof.md is made from it. */
export const RESULTS_FILE = fileURLToPath(
  new URL("../../docs/proof-results.json", import.meta.url),
);

export type Results = Readonly<Record<string, unknown>>;

export async function readResults(): Promise<Results> {
  const text = await readFile(RESULTS_FILE, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "{}";
    throw error;
  });
  return JSON.parse(text) as Results;
}

/** Replaces one section. */
export async function updateResults(section: string, value: unknown): Promise<void> {
  const results = { ...(await readResults()), [section]: value };
  await writeFile(RESULTS_FILE, `${JSON.stringify(results, null, 2)}\n`);
}
