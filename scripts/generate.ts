// Writes the files that are made from settings, results and tests: npm run generate
import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { configurationMarkdown, environmentExample } from "../src/config/reference.ts";
import { metricsMarkdown } from "../src/ops/metrics/reference.ts";
import { chartFiles } from "./chart/files.ts";
import { boardJson } from "./dashboards/board.ts";
import { BOARDS } from "./dashboards/boards.ts";
import { monitoringPage } from "./monitoring-page.ts";
import { proofPage } from "./proof-page.ts";
import { runbooksIndex } from "./runbooks.ts";

/** The text of every generated file, by its path from the root of the project. */
export function generatedFiles(): ReadonlyMap<string, string> {
  const files = new Map([
    ["docs/configuration.md", configurationMarkdown()],
    ["docs/metrics.md", metricsMarkdown()],
    ["docs/monitoring.md", monitoringPage()],
    ["docs/proof.md", proofPage()],
    ["docs/runbooks/README.md", runbooksIndex()],
    ["config/outbox-relay.env.example", environmentExample()],
    ...BOARDS.map((board): [string, string] => [
      `config/dashboards/${board.name}.json`,
      boardJson(board),
    ]),
  ]);
  return new Map([...files, ...chartFiles(files)]);
}

if (import.meta.main) {
  for (const [path, text] of generatedFiles()) {
    const file = fileURLToPath(new URL(`../${path}`, import.meta.url));
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
    process.stdout.write(`${path}\n`);
  }
}
