import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

interface Plant {
  readonly what: string;
  readonly file: string;
  readonly text: string;
  readonly rule: string;
}

const IMPORTS = "eslint(no-restricted-imports)";

function importing(what: string, file: string, specifier: string): Plant {
  return { what, file, text: `import "${specifier}";\n`, rule: IMPORTS };
}

function code(what: string, file: string, rule: string, text: string): Plant {
  return { what, file, text, rule };
}

const stages = ["capture", "decode", "event", "publish", "settle"];

const FAULTS: readonly Plant[] = [
  importing("a package in the core", "src/relay/a1.ts", "kafkajs"),
  importing("a node: module in the core", "src/relay/publish/a2.ts", "node:fs"),
  importing("an adapter in the core", "src/relay/a3.ts", "../kafka/thing.ts"),
  importing(
    "an adapter in a stage of the core",
    "src/relay/event/formats/a4.ts",
    "../../../ops/thing.ts",
  ),
  ...stages
    .slice(0, -1)
    .map((stage, place) =>
      importing(
        `a later stage in ${stage}`,
        `src/relay/${stage}/a5.ts`,
        `../${stages[place + 1]}/thing.ts`,
      ),
    ),
  importing("a package in the last stage", "src/relay/settle/a6.ts", "pg"),
  importing("another adapter in src/postgres", "src/postgres/b1.ts", "../kafka/thing.ts"),
  importing("another adapter in src/kafka", "src/kafka/b2.ts", "../ops/thing.ts"),
  importing("the config in src/ops", "src/ops/b3.ts", "../config/thing.ts"),
  importing("another adapter in src/config", "src/config/b4.ts", "../postgres/thing.ts"),
  importing("src/cli in an adapter", "src/kafka/inner/b5.ts", "../../cli/thing.ts"),
  importing("src/cli in the demo", "src/demo/b6.ts", "../cli/thing.ts"),
  importing("a timer in a test", "test/unit/c1.test.ts", "node:timers/promises"),
  code(
    "setTimeout in a test",
    "test/unit/c2.test.ts",
    "eslint(no-restricted-globals)",
    "setTimeout(() => undefined, 1);\n",
  ),
  code(
    "a skipped test",
    "test/unit/c3.test.ts",
    "jest(no-disabled-tests)",
    'import { expect, it } from "@jest/globals";\nit.skip("says nothing", () => expect(1).toBe(1));\n',
  ),
  code(
    "a test on its own",
    "test/unit/c4.test.ts",
    "jest(no-focused-tests)",
    'import { expect, it } from "@jest/globals";\nit.only("hides the others", () => expect(1).toBe(1));\n',
  ),
  code(
    "a module mock",
    "test/unit/c5.test.ts",
    "jest(no-restricted-jest-methods)",
    'import { jest } from "@jest/globals";\njest.unstable_mockModule("pg", () => ({}));\n',
  ),
  code(
    "process.env in an adapter",
    "src/kafka/d1.ts",
    "node(no-process-env)",
    'export const a = process.env["A"];\n',
  ),
  code(
    "process.env in src/cli",
    "src/cli/d2.ts",
    "node(no-process-env)",
    'export const a = process.env["A"];\n',
  ),
  code(
    "a slice of bytes in an adapter",
    "src/postgres/d13.ts",
    "eslint(no-restricted-properties)",
    "export const a = (b: Uint8Array): Uint8Array => b.slice();\n",
  ),
  code(
    "a slice of bytes in the core",
    "src/relay/event/d14.ts",
    "eslint(no-restricted-properties)",
    "export const a = (b: Uint8Array): Uint8Array => b.slice();\n",
  ),
  code("the console", "src/ops/d3.ts", "eslint(no-console)", 'console.log("a");\n'),
  code("an empty catch", "src/ops/d4.ts", "eslint(no-empty)", "try {\n  String(1);\n} catch {}\n"),
  code(
    "any",
    "src/ops/d5.ts",
    "typescript(no-explicit-any)",
    "export const a = (b: any): string => String(b);\n",
  ),
  code("a default export", "src/ops/d6.ts", "import(no-default-export)", "export default 1;\n"),
  code(
    "a promise nobody awaits",
    "src/ops/d7.ts",
    "typescript(no-floating-promises)",
    "Promise.resolve(1);\n",
  ),
  code(
    "a promise where a condition is meant",
    "src/ops/d8.ts",
    "typescript(no-misused-promises)",
    "export const a = (b: Promise<boolean>): number => (b ? 1 : 2);\n",
  ),
  code(
    "a switch that forgets a case",
    "src/ops/d9.ts",
    "typescript(switch-exhaustiveness-check)",
    'export function a(b: "x" | "y"): void {\n  switch (b) {\n    case "x":\n      return;\n  }\n}\n',
  ),
  code("a text that is thrown", "src/ops/d10.ts", "typescript(only-throw-error)", 'throw "a";\n'),
  code(
    "a file that is too long",
    "src/ops/d11.ts",
    "eslint(max-lines)",
    "export {};\n".repeat(301),
  ),
  code(
    "a function that is too long",
    "src/ops/d12.ts",
    "eslint(max-lines-per-function)",
    `export function a(): void {\n${"  String(1);\n".repeat(60)}}\n`,
  ),
  code("imports in a circle", "src/ops/d13.ts", "import(no-cycle)", 'import "./d14.ts";\n'),
  code(
    "imports in a circle, from the other side",
    "src/ops/d14.ts",
    "import(no-cycle)",
    'import "./d13.ts";\n',
  ),
];

/** What the rules must leave alone. */
const ALLOWED: readonly Pick<Plant, "file" | "text">[] = [
  { file: "src/relay/thing.ts", text: "export {};\n" },
  ...stages.map((stage) => ({
    file: `src/relay/${stage}/thing.ts`,
    text: 'import "../thing.ts";\n',
  })),
  {
    file: "src/relay/settle/good.ts",
    text: 'import "../capture/thing.ts";\nimport "../publish/thing.ts";\n',
  },
  { file: "src/relay/good.ts", text: 'import "./settle/thing.ts";\n' },
  { file: "src/kafka/thing.ts", text: 'import "kafkajs";\nimport "../relay/publish/thing.ts";\n' },
  { file: "src/postgres/thing.ts", text: 'import "node:net";\nimport "./other.ts";\n' },
  { file: "src/postgres/other.ts", text: "export {};\n" },
  { file: "src/ops/thing.ts", text: "export {};\n" },
  { file: "src/config/thing.ts", text: 'export const a = process.env["A"];\n' },
  { file: "src/cli/thing.ts", text: 'import "../config/thing.ts";\nimport "../kafka/thing.ts";\n' },
  { file: "src/main.ts", text: 'import "./cli/thing.ts";\n' },
  { file: "test/support/until.ts", text: 'import "node:timers/promises";\n' },
];

interface Report {
  readonly diagnostics: readonly { readonly code?: string; readonly filename: string }[];
}

/** Runs the linter as `npm run lint` does; it ends with 1 when it finds something. */
async function lint(project: string): Promise<Report["diagnostics"]> {
  const linter = join(ROOT, "node_modules", "oxlint", "bin", "oxlint");
  const flags = ["--type-aware", "--deny-warnings", "--format", "json"];
  const output = await new Promise<string>((resolve) => {
    execFile(process.execPath, [linter, ...flags], { cwd: project }, (_error, stdout) =>
      resolve(stdout),
    );
  });
  return (JSON.parse(output) as Report).diagnostics;
}

describe("the linter", () => {
  let project = "";
  const rulesByFile = new Map<string, string[]>();

  beforeAll(async () => {
    project = await mkdtemp(join(tmpdir(), "outbox-relay-lint-"));
    for (const name of [".oxlintrc.json", "tsconfig.json"])
      await cp(join(ROOT, name), join(project, name));
    await symlink(join(ROOT, "node_modules"), join(project, "node_modules"));
    for (const { file, text } of [...FAULTS, ...ALLOWED]) {
      await mkdir(dirname(join(project, file)), { recursive: true });
      await writeFile(join(project, file), text);
    }
    for (const { filename, code: rule = "" } of await lint(project)) {
      rulesByFile.set(filename, [...(rulesByFile.get(filename) ?? []), rule]);
    }
  });

  afterAll(() => rm(project, { recursive: true, force: true }));

  it.each(FAULTS)("catches $what", ({ file, rule }) => {
    expect(rulesByFile.get(file)).toContain(rule);
  });

  it.each(ALLOWED)("leaves $file alone", ({ file }) => {
    expect(rulesByFile.get(file) ?? []).toEqual([]);
  });
});
