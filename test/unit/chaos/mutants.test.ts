import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";
import { MUTANTS } from "../../mutants/catalog.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

describe("the catalog of planted bugs", () => {
  it.each(MUTANTS.map((mutant) => [mutant.name, mutant] as const))(
    "fits the source: %s",
    (_name, { file, edits }) => {
      const counts = edits.map(({ file: other = file, find, replace }) => {
        const isChange = find !== replace;
        return isChange ? readFileSync(`${ROOT}${other}`, "utf8").split(find).length - 1 : 0;
      });
      expect(counts).toEqual(edits.map(() => 1));
    },
  );

  it("holds no name twice", () => {
    expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length);
  });
});
