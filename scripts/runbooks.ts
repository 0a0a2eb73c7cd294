import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const FOLDER = fileURLToPath(new URL("../docs/runbooks/", import.meta.url));
const INDEX = "README.md";
/** Alerts are named in camel case, codes in capitals. */
const ALERT = /^Relay[A-Z][a-z]/;

export interface Runbook {
  /** The alert or code, which is the file's name without its end. */
  readonly name: string;
  readonly text: string;
  /** The first message that a person sees. */
  readonly message: string;
  readonly isAlert: boolean;
}

export function runbooks(): readonly Runbook[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith(".md") && file !== INDEX)
    .toSorted()
    .map((file) => {
      const name = file.slice(0, -".md".length);
      const text = readFileSync(FOLDER + file, "utf8");
      const message = /^> (.*)$/m.exec(text)?.[1] ?? "";
      return { name, text, message, isAlert: ALERT.test(name) };
    });
}

/** docs/runbooks/README.md: every page with the message that leads to it. */
export function runbooksIndex(): string {
  const pages = runbooks();
  const table = (title: string, chosen: readonly Runbook[]): string => {
    const rows = chosen.map(({ name, message }) => `| [${name}](${name}.md) | ${cell(message)} |`);
    return `| ${title} | Says |\n| --- | --- |\n${rows.join("\n")}`;
  };
  return `# Runbooks

<!-- Generated from the pages in this folder by \`npm run generate\`; do not edit. -->

One page for each alert and for each stable code that \`/status\`, the log, \`relay_errors_total\` and the commands tell. Each says what it
means, what is at risk, what to do, and how to know that it is over. \`outbox-relay status\` names the code and the next command.

Where a page has \`<broker>\`, \`<slot>\`, \`<table>\` or \`<topic>\`, put in your own. Kafka's tools are named as in its distribution, without the end
\`.sh\`; with TLS or SASL they need \`--command-config\`.

## Alerts

${table(
  "Alert",
  pages.filter(({ isAlert }) => isAlert),
)}

## Codes

${table(
  "Code",
  pages.filter(({ isAlert }) => !isAlert),
)}
`;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}
