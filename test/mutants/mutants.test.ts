import { describe, expect, it } from "@jest/globals";
import { MUTANTS } from "./catalog.ts";
import { hunt } from "./hunt.ts";
import { isQuick } from "./layers.ts";

/** Each layer has a deadline of its own that counts progress. This one is for a hunt that hangs. */
const DEADLINE_MS = 60 * 60_000;

describe("bugs that are planted", () => {
  it(
    "are each noticed by the layer that must notice them",
    async () => {
      const mutants = MUTANTS.filter(({ caughtBy }) => isQuick(caughtBy));
      expect(await hunt({ mutants, isRecord: false })).toBe(0);
    },
    DEADLINE_MS,
  );
});
