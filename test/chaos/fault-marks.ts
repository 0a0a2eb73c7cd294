import { readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { FAULT_MARK } from "./fault-matrix.ts";

const TESTS = fileURLToPath(new URL("..", import.meta.url));

/** Where a fault is injected, and what is checked then. */
export interface FaultCase {
  readonly fault: number;
  readonly letters: readonly string[];
  /** Path of the test from `test/`. */
  readonly file: string;
}

/** The marks in the titles of all tests. */
export function faultCases(): FaultCase[] {
  const files = readdirSync(TESTS, { recursive: true, encoding: "utf8" })
    .filter((file) => basename(file).endsWith(".test.ts"))
    .toSorted();
  return files.flatMap((file) => {
    const marks = readFileSync(`${TESTS}${file}`, "utf8").matchAll(FAULT_MARK);
    return [...marks].flatMap(([, numbers = "", letters = ""]) =>
      numbers.split(", ").map((number) => ({
        fault: Number(number),
        letters: letters.split(" "),
        file,
      })),
    );
  });
}
