import { readFileSync } from "node:fs";
import type { ChartValue } from "./values.ts";
import { chartValues } from "./values.ts";

const BEGIN = "<!-- values: generated from values.yaml by `npm run generate` -->";
const END = "<!-- end of values -->";

/** charts/outbox-relay/README.md with the table of values between its two marks written again. */
export function chartReadme(): string {
  const file = new URL("../../charts/outbox-relay/README.md", import.meta.url);
  const text = readFileSync(file, "utf8");
  const [before, rest] = text.split(BEGIN);
  const [, after] = rest?.split(END) ?? [];
  if (before === undefined || after === undefined) {
    throw new Error(`charts/outbox-relay/README.md lacks "${BEGIN}" or "${END}"`);
  }
  return `${before}${BEGIN}\n\n${valuesTable(chartValues())}\n${END}${after}`;
}

function valuesTable(values: readonly ChartValue[]): string {
  const rows = values.map(({ path, default: preset, description }) => {
    const cells = [`\`${path.join(".")}\``, `\`${JSON.stringify(preset)}\``, description];
    return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |\n`;
  });
  return `| Value | Default | Meaning |\n| --- | --- | --- |\n${rows.join("")}`;
}
