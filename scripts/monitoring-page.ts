import { readFileSync } from "node:fs";
import type { RuleFile } from "./alert-rules.ts";
import { alertTable, ruleFiles } from "./alert-rules.ts";
import type { Board } from "./dashboards/board.ts";
import { BOARDS } from "./dashboards/boards.ts";

const PAGE = new URL("../docs/monitoring.md", import.meta.url);

/** docs/monitoring.md with its tables made again; what stands between them is written by hand. */
export function monitoringPage(): string {
  const files = ruleFiles();
  const sections: Readonly<Record<string, string>> = {
    alerts: alertTable(fileOf(files, "outbox-relay.yaml")),
    "exporter alerts": alertTable(fileOf(files, "postgres-exporter.yaml")),
    dashboards: dashboardTable(BOARDS),
  };
  let page = readFileSync(PAGE, "utf8");
  for (const [name, text] of Object.entries(sections)) {
    const place = new RegExp(`<!-- ${name} -->[^]*?<!-- /${name} -->`);
    if (!place.test(page)) throw new Error(`docs/monitoring.md has no place for ${name}`);
    page = page.replace(place, () => `<!-- ${name} -->\n\n${text}\n\n<!-- /${name} -->`);
  }
  return page;
}

function fileOf(files: readonly RuleFile[], name: string): RuleFile {
  const file = files.find((one) => one.name === name);
  if (file === undefined) throw new Error(`config/alerts/${name} is missing`);
  return file;
}

/** What each row of each dashboard shows. */
function dashboardTable(boards: readonly Board[]): string {
  const rows = boards.flatMap(({ name, rows: all }) =>
    all.map(({ title, panels }) => {
      const titles = panels.map((panel) => uncapitalised(panel.title)).join("; ");
      return `| \`${name}\` | ${title} | ${titles} |`;
    }),
  );
  return `| Dashboard | Row | Panels |\n| --- | --- | --- |\n${rows.join("\n")}`;
}

/** But for abbreviations. */
function uncapitalised(text: string): string {
  return /^[A-Z][a-z ]/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text;
}
