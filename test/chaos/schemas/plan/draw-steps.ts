import type { Dice } from "../../prove/plan/dice.ts";
import { drawChange } from "./draw-changes.ts";
import type { InsertStep, RelayStep, Step } from "./step.ts";
import type { Place, RelationPlan, TablePlan, WorldPlan } from "./world-plan.ts";

export type DrawnWorld = Omit<WorldPlan, "steps">;

/** What changes in a world; one or two of them, so that a failure has few causes. */
export const THEMES = [
  "calm",
  "rename",
  "swap",
  "tree",
  "unlogged",
  "retype",
  "headers",
  "columns",
  "publication",
  "gap",
  "moves",
  "housekeeping",
] as const;
export type Theme = (typeof THEMES)[number];

const ROUNDS_MIN = 2;
const ROUNDS_MAX = 5;

/** A sequence of writes, changes and doings of the relay. It begins with a relay that starts, and ends at the world's own end. */
export function drawSteps(dice: Dice, world: DrawnWorld): readonly Step[] {
  const themes = dice.shuffled(THEMES).slice(0, dice.chance(0.6) ? 1 : 2);
  const rounds = dice.whole(ROUNDS_MIN, ROUNDS_MAX);
  const steps: Step[] = [];
  for (let i = 0; i < dice.whole(0, 2); i += 1) steps.push(drawWrite(dice, world));
  steps.push({ do: "start" });
  for (let round = 0; round < rounds; round += 1) {
    for (let i = 0; i < dice.whole(1, 2); i += 1) steps.push(drawWrite(dice, world));
    const relay = drawRelay(dice);
    if (relay !== null) steps.push(relay);
    const theme = dice.pick(themes);
    steps.push(...drawChange(dice, theme, world, () => drawWrite(dice, world)));
  }
  return steps;
}

function drawRelay(dice: Dice): RelayStep | null {
  const name = dice.pick([
    "none",
    "none",
    "settle",
    "settle",
    "stop",
    "kill",
    "start",
    "start",
    "operate",
  ] as const);
  return name === "none" ? null : { do: name };
}

/** Rows into a table, mostly by its own name, sometimes straight into what lies below it. */
export function drawWrite(dice: Dice, world: DrawnWorld): Step {
  if (dice.chance(0.1)) {
    const first = drawInsert(dice, world);
    const second = drawInsert(dice, world);
    return {
      do: "together",
      first: { ...first, end: "commit" },
      second: { ...second, end: "commit" },
      commitsFirst: dice.pick(["first", "second"] as const),
    };
  }
  return drawInsert(dice, world);
}

function drawInsert(dice: Dice, { major, tables }: DrawnWorld): InsertStep {
  const table = dice.pick(tables);
  const below = table.relations.filter(({ place }) => place !== null);
  const straight = below.length > 0 && dice.chance(0.4) ? dice.pick(below) : null;
  const how = dice.pick([
    "rows",
    "rows",
    "one-statement",
    "one-statement",
    "copy",
    "copy",
    ...(table.hasPrimaryKey ? (["upsert", "upsert"] as const) : []),
    ...(major >= 15 ? (["merge"] as const) : []),
  ] as const);
  return {
    do: "insert",
    into: straight?.id ?? table.id,
    rows: dice.whole(1, 5),
    place: straight?.place ?? drawPlace(dice, table),
    how,
    end: dice.pick([
      "commit",
      "commit",
      "commit",
      "commit",
      "commit",
      "rollback",
      "savepoint",
      "savepoint",
      "prepared",
      "prepared-rollback",
    ] as const),
    isTxidNull: dice.chance(0.2),
  };
}

function drawPlace(dice: Dice, { relations }: TablePlan): Place {
  const places = relations
    .map(({ place }: RelationPlan) => place)
    .filter((place) => place !== null);
  return places.length === 0 ? { region: "a", bucket: 0 } : dice.pick(places);
}
