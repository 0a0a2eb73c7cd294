import { LIBPQ_NAMES } from "./libpq.ts";
import { settings } from "./schema.ts";
import type { PlacedSetting, Setting } from "./setting.ts";
import { allSettings } from "./setting.ts";

/** Headings of the documentation, and the first part of the paths below each. */
const SECTIONS: readonly { readonly title: string; readonly groups: readonly string[] }[] = [
  { title: "Postgres", groups: ["database"] },
  {
    title: "Slot and publication",
    groups: [
      "shard",
      "slot",
      "snapshot",
      "witnessTable",
      "publication",
      "wal",
      "walSenderTimeoutMs",
      "statusIntervalMs",
    ],
  },
  { title: "Outbox table", groups: ["outbox"] },
  { title: "Topics", groups: ["topic"] },
  { title: "Kafka connection", groups: ["kafka"] },
  {
    title: "Delivery",
    groups: [
      "delivery",
      "transaction",
      "batch",
      "producer",
      "bufferMaxBytes",
      "retry",
      "sinkStallReleaseMs",
    ],
  },
  { title: "Checkpoint", groups: ["checkpoint"] },
  {
    title: "High availability and shutdown",
    groups: ["standbyPollIntervalMs", "instanceId", "shutdownTimeoutMs"],
  },
  {
    title: "HTTP and metrics",
    groups: ["http", "metrics", "ui", "readyGraceMs", "livenessTimeoutMs"],
  },
  { title: "Logging and general", groups: ["log", "strict", "requireTls"] },
];

const GENERATED = "Generated from src/config/ by `npm run generate`; do not edit.";

/** docs/configuration.md: every setting that users may set. */
export function configurationMarkdown(): string {
  const tables = sections().map(({ title, members }) => {
    const rows = members.map(({ setting }) => markdownRow(setting)).join("\n");
    return `## ${title}\n\n| Variable | Default | Value | Meaning |\n| --- | --- | --- | --- |\n${rows}\n`;
  });
  return `# Configuration\n\n<!-- ${GENERATED} -->\n\n${rules()}\n\n${tables.join("\n")}\n${reservedNames()}`;
}

/** config/outbox-relay.env.example: what is required, and the rest commented out with its default. */
export function environmentExample(): string {
  const parts = sections().map(
    ({ title, members }) =>
      `## ${title}\n\n${members.map(({ setting }) => exampleEntry(setting)).join("\n")}`,
  );
  return `# Settings of outbox-relay; docs/configuration.md explains the rules.\n# ${GENERATED}\n\n${parts.join("\n")}`;
}

/** Throws when a setting belongs to no section, so that none can be left out of the documentation. */
function sections(): { title: string; members: PlacedSetting[] }[] {
  const placed = allSettings(settings).filter(({ setting }) => !setting.reserved);
  const parts = SECTIONS.map(({ title, groups }) => ({
    title,
    members: placed.filter(({ path }) => groups.includes(path[0] ?? "")),
  }));
  const shown = new Set(parts.flatMap(({ members }) => members));
  const left = placed.filter((one) => !shown.has(one)).map(({ setting }) => setting.env);
  if (left.length > 0) throw new Error(`no section of the documentation has ${left.join(", ")}`);
  return parts;
}

function rules(): string {
  return `Every setting is an environment variable. \`RELAY_X_FILE\` names a file that holds the value of \`RELAY_X\`, for secrets;
one newline at its end is dropped, and setting both is an error. An empty variable counts as not set.
The order is \`RELAY_X\` or \`RELAY_X_FILE\`, then the aliases named below, then the default.

- duration: a whole number with \`ms\`, \`s\`, \`m\` or \`h\`: \`500ms\`, \`5s\`, \`10m\`, \`1h\`
- size: a whole number of bytes, alone or with \`KiB\`, \`MiB\` or \`GiB\`: \`4096\`, \`64KiB\`, \`16MiB\`
- bool: \`true\` or \`false\`
- list: entries separated by commas

All settings are checked at the start. Every problem is printed at once, with the name of its variable, and the process ends
with exit code 78. Values marked *secret* are never printed. A \`RELAY_*\` name that no setting has is reported with the nearest
one that exists: as a warning, or as an error with \`RELAY_STRICT_CONFIG=true\`. Names such as \`RELAY_SERVICE_HOST\` or
\`RELAY_PORT\`, which Kubernetes sets for a service called "relay", are passed over.

Parts that a database URL leaves out are taken from libpq's variables: ${Object.values(LIBPQ_NAMES).map(code).join(", ")}.
For TLS, \`PGSSLMODE\`, \`PGSSLROOTCERT\`, \`PGSSLCERT\` and \`PGSSLKEY\` count where neither the URL (\`sslmode\`, \`sslrootcert\`, \`sslcert\`, \`sslkey\`)
nor a setting says otherwise. [security.md](security.md) tells what each mode means.

\`outbox-relay config print\` shows every value with where it came from, secrets hidden; \`config check\` tells every problem and connects to nothing.`;
}

function markdownRow(setting: Setting<unknown>): string {
  const aliases =
    setting.aliases.length > 0 ? `<br>alias ${setting.aliases.map(code).join(", ")}` : "";
  const secret = setting.sensitive ? " *Secret.*" : "";
  const preset =
    setting.default === null ? (setting.derived ?? "") : code(setting.kind.show(setting.default));
  const cells = [code(setting.env) + aliases, preset, setting.kind.expected, setting.doc + secret];
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

function exampleEntry(setting: Setting<unknown>): string {
  const isRequired = setting.derived?.startsWith("required") === true;
  const { env, example, exampleFile } = setting;
  const line = exampleFile === null ? `${env}=${example}` : `${env}_FILE=${exampleFile}`;
  return `# ${setting.doc.replaceAll("`", "")}\n${isRequired ? line : `# ${line}`}\n`;
}

function reservedNames(): string {
  const names = allSettings(settings).filter(({ setting }) => setting.reserved);
  const lines = names.map(({ setting }) => `- ${code(setting.env)}: ${setting.doc}`);
  return `## Reserved\n\nNot settings for users, and no part of what is promised:\n\n${lines.join("\n")}\n`;
}

function code(text: string): string {
  return `\`${text}\``;
}
