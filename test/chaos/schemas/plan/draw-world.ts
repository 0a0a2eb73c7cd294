import type { PostgresMajor } from "../../../../src/demo/services/postgres-binaries.ts";
import { Dice } from "../../prove/plan/dice.ts";
import type { RoleNames } from "./draw-columns.ts";
import { DEFAULT_NAMES, drawNames } from "./draw-columns.ts";
import { drawSteps } from "./draw-steps.ts";
import { drawTables } from "./draw-tables.ts";
import type { PublicationPlan, WorldPlan } from "./world-plan.ts";

const ALL_OPERATIONS = "insert, update, delete, truncate";

/** World `number` of a seed on one major: the same plan for the same three numbers, whatever ran before. */
export function drawWorld(seed: number, number: number, major: PostgresMajor): WorldPlan {
  const dice = new Dice(seed, "world", number, major);
  const tables = drawTables(dice, drawNames(dice));
  const world = {
    seed,
    number,
    major,
    tables,
    role: dice.chance(0.5) ? ("superuser" as const) : ("least" as const),
    publication: drawPublication(dice, major),
    snapshot: dice.chance(0.2) ? ("initial" as const) : ("never" as const),
    delivery: dice.chance(0.15) ? ("at-least-once" as const) : ("exactly-once" as const),
    batchEvents: dice.pick([1, 3, 50, 16_000]),
    prefersAccept: dice.chance(0.4),
  };
  return { ...world, steps: drawSteps(new Dice(seed, "steps", number, major), world) };
}

function drawPublication(dice: Dice, major: PostgresMajor): PublicationPlan {
  const forms = ["tables", "tables", "tables", "all", ...(major >= 15 ? ["schema"] : [])] as const;
  const form = dice.pick(forms) as PublicationPlan["form"];
  return {
    form,
    isViaRoot: dice.chance(0.95),
    operations: dice.chance(0.85) ? "insert" : ALL_OPERATIONS,
    hasUnlisted: form === "tables" && dice.chance(0.2),
    hasSecond: dice.chance(0.2),
  };
}

/** The names of the relay's columns; a table without headers leaves that name to the others, or to the default. */
export function roleNames({ tables }: WorldPlan): RoleNames {
  const nameOf = (role: keyof RoleNames): string =>
    tables.flatMap(({ columns }) => columns).find((column) => column.role === role)?.name ??
    DEFAULT_NAMES[role];
  return {
    id: nameOf("id"),
    route: nameOf("route"),
    key: nameOf("key"),
    type: nameOf("type"),
    payload: nameOf("payload"),
    headers: nameOf("headers"),
  };
}
