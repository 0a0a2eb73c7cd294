import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { drawWorld, roleNames } from "../../../chaos/schemas/plan/draw-world.ts";
import { rowValue } from "../../../chaos/schemas/plan/row-values.ts";
import { simplerPlans } from "../../../chaos/schemas/plan/simpler-plans.ts";
import { describeStep, stepKind } from "../../../chaos/schemas/plan/step.ts";
import type { WorldPlan } from "../../../chaos/schemas/plan/world-plan.ts";
import { shrink } from "../../../chaos/schemas/shrink.ts";

const MANY = Array.from({ length: 400 }, (_, number) => drawWorld(1, number, number % 2 ? 18 : 14));

describe("a drawn world", () => {
  it("is the same for the same seed, number and server, and another one otherwise", () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), fc.nat(1_000), (seed, number) => {
        const plan = drawWorld(seed, number, 18);
        expect(drawWorld(seed, number, 18)).toEqual(plan);
        expect(drawWorld(seed, number + 1, 18)).not.toEqual(plan);
      }),
      { numRuns: 50 },
    );
  });

  it("survives being printed and read again, so that it can be kept", () => {
    for (const plan of MANY) expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
  });

  it("comes in every shape, with every kind of step", () => {
    const kinds = new Set(MANY.flatMap(({ steps }) => steps.map(stepKind)));
    expect([...kinds]).toEqual(
      expect.arrayContaining([
        "insert copy, commit",
        "insert merge, savepoint",
        "insert upsert, prepared",
        "insert rows, prepared-rollback",
        "together",
        "move update",
        "move by-hand",
        "rename",
        "set-schema",
        "swap",
        "create",
        "detach",
        "attach",
        "drop",
        "unlogged",
        "retype payload",
        "rename-headers",
        "drop-headers",
        "rename-key",
        "publication owner",
        "publication drop",
        "unpublish",
        "drop-slot",
        "kill",
        "vacuum-full",
        "row-security",
      ]),
    );
    const forms = new Set(MANY.map(({ publication }) => publication.form));
    expect(forms).toEqual(new Set(["tables", "all", "schema"]));
    const relations = MANY.flatMap(({ tables }) => tables.flatMap((table) => table.relations));
    expect(relations.some(({ bound }) => bound.includes("modulus"))).toBe(true);
    expect(relations.some(({ isReordered }) => isReordered)).toBe(true);
    const children = relations.filter(({ kind }) => kind === "child");
    expect(children.some(({ parent }) => children.some(({ id }) => id === parent))).toBe(true);
  });

  it("uses nothing that its server does not know", () => {
    for (const { major, publication, steps } of MANY) {
      const merges = steps.map(stepKind).filter((kind) => kind.includes("merge"));
      const isNew = publication.form === "schema" || merges.length > 0;
      expect(isNew && major < 15).toBe(false);
    }
  });

  it("names a headers column only where all its tables have it", () => {
    for (const plan of MANY) {
      const have = plan.tables.map(({ columns }) => columns.some(({ role }) => role === "headers"));
      expect(roleNames(plan).headers !== "headers" && have.includes(false)).toBe(false);
      expect(new Set(have).size).toBe(1);
    }
  });

  it("begins with a relay that starts", () => {
    for (const { steps } of MANY) expect(steps.some((step) => step.do === "start")).toBe(true);
  });
});

describe("values of rows", () => {
  it.each(["uuid", "text", "bigint", "character"])("give each row an id of its own: %s", (base) => {
    const ids = Array.from({ length: 500 }, (_, n) => rowValue({ role: "id", base }, n));
    expect(new Set(ids).size).toBe(500);
  });

  it("are JSON in the form that jsonb keeps", () => {
    const texts = Array.from({ length: 16 }, (_, n) =>
      rowValue({ role: "payload", base: "jsonb" }, n + 1),
    );
    const keys = texts.map((text) => Object.keys(JSON.parse(text ?? "{}") as object).join());
    expect(new Set(keys)).toEqual(new Set(["n,text"]));
  });
});

describe("shrinking", () => {
  const plan = MANY.find(({ steps }) => steps.some((step) => step.do === "swap")) as WorldPlan;

  it("leaves what is needed for the failure and nothing else", async () => {
    const stillFails = (one: WorldPlan): Promise<boolean> =>
      Promise.resolve(one.steps.some((step) => step.do === "swap"));
    const small = await shrink(plan, stillFails, 1_000);
    expect(small.steps.map(describeStep)).toEqual([expect.stringMatching(/^swap t\d$/)]);
    expect(small.tables).toHaveLength(1);
    expect(small).toMatchObject({ role: "superuser", snapshot: "never", batchEvents: 16_000 });
  });

  it("ends after the tries that it may take", async () => {
    let tries = 0;
    await shrink(plan, () => Promise.resolve((tries += 1) > 0), 7);
    expect(tries).toBe(7);
  });

  it("offers only plans that do less", () => {
    for (const simpler of simplerPlans(plan)) expect(simpler).not.toEqual(plan);
  });
});
