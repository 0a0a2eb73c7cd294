import type { Dice } from "../../prove/plan/dice.ts";
import type { DrawnWorld, Theme } from "./draw-steps.ts";
import type { InsertStep, PublicationStep, RelationStep, RetypeStep, Step } from "./step.ts";
import type { RelationPlan, TablePlan } from "./world-plan.ts";

type Draw = (dice: Dice, table: TablePlan, write: () => Step) => readonly Step[];

/** Steps that change what a theme is about, with writes in between. */
export function drawChange(
  dice: Dice,
  theme: Theme,
  world: DrawnWorld,
  write: () => Step,
): readonly Step[] {
  return CHANGES[theme](dice, dice.pick(world.tables), write);
}

const on = (name: RelationStep["do"], id: string): RelationStep => ({ do: name, on: id });

/** Writes while something is away, perhaps with a relay that is started, looked at or waited for meanwhile. */
function meanwhile(dice: Dice, write: () => Step): readonly Step[] {
  const steps: Step[] = [write()];
  const relay = dice.pick(["none", "none", "settle", "look", "stop", "start", "kill"] as const);
  if (relay !== "none") steps.push({ do: relay });
  if (dice.chance(0.3)) steps.push(write());
  return steps;
}

const CHANGES: Readonly<Record<Theme, Draw>> = {
  calm: (dice) => [{ do: dice.pick(["settle", "start", "stop", "kill", "look"] as const) }],
  rename: (dice, table, write) => {
    const id = anyOf(dice, table);
    const [there, back] = dice.pick([
      ["rename", "rename-back"],
      ["set-schema", "set-schema-back"],
    ] as const);
    return [on(there, id), ...meanwhile(dice, write), on(back, id)];
  },
  swap: (dice, table, write) => [
    on("swap", table.id),
    ...meanwhile(dice, () => (dice.chance(0.7) ? writeByName(table) : write())),
    on("swap-back", table.id),
  ],
  tree: drawTree,
  unlogged: (dice, table, write) => {
    const leaf = leafOf(dice, table);
    return [on("unlogged", leaf), ...meanwhile(dice, write), on("logged", leaf)];
  },
  retype: (dice, table) => [drawRetype(dice, table)],
  headers: (dice, table, write) => {
    const [there, back] = dice.pick([
      ["rename-headers", "rename-columns-back"],
      ["drop-headers", "add-headers"],
    ] as const);
    return [on(there, table.id), ...meanwhile(dice, write), on(back, table.id)];
  },
  columns: (dice, table, write) =>
    dice.chance(0.6)
      ? [on(dice.pick(["add-column", "drop-column"] as const), table.id)]
      : [
          on("rename-key", table.id),
          ...meanwhile(dice, write),
          on("rename-columns-back", table.id),
        ],
  publication: drawPublicationChange,
  gap: (dice, _table, write) => [
    { do: "stop" },
    write(),
    { do: "drop-slot" },
    ...(dice.chance(0.5) ? [write()] : []),
    { do: "start" },
  ],
  moves: (dice, table, write) => [
    write(),
    dice.chance(0.7)
      ? {
          do: "move",
          on: table.id,
          ...dice.pick([
            { from: "a", to: "b" },
            { from: "b", to: "a" },
            { from: "a", to: "c" },
            { from: "z", to: "a" },
          ]),
          how: dice.pick(["update", "by-hand"] as const),
        }
      : on(dice.pick(["touch", "delete", "truncate"] as const), anyOf(dice, table)),
  ],
  housekeeping: (dice, table) => [
    on(
      dice.pick([
        "analyze",
        "vacuum-full",
        "reindex",
        "owner",
        "grant",
        "row-security",
        "touch",
        "delete",
      ] as const),
      anyOf(dice, table),
    ),
  ],
};

function anyOf(dice: Dice, { id, relations }: TablePlan): string {
  return dice.chance(0.5) || relations.length === 0 ? id : dice.pick(relations).id;
}

function leafOf(dice: Dice, { id, relations }: TablePlan): string {
  const leaves = relations.filter(({ splitBy }) => splitBy === "");
  return leaves.length === 0 ? id : dice.pick(leaves).id;
}

function drawTree(dice: Dice, table: TablePlan, write: () => Step): readonly Step[] {
  const late = table.relations.filter(({ isLate }) => isLate);
  const there = table.relations.filter(({ isLate }) => !isLate);
  if (late.length > 0 && dice.chance(0.5)) {
    const created = dice.pick(late);
    return [on("create", created.id), writeTo(created), write()];
  }
  if (there.length === 0) return [on("analyze", table.id)];
  const { id } = dice.pick(there);
  if (dice.chance(0.25)) return [on("drop", id), write(), on("create", id)];
  return [
    on("detach", id),
    ...meanwhile(dice, write),
    ...(dice.chance(0.7) ? [on("attach", id)] : []),
  ];
}

/** Into the table that has the name now, as an application does it. */
function writeByName({ id, relations }: TablePlan): Step {
  const place = relations.find((relation) => relation.place !== null)?.place ?? null;
  return { ...writeTo({ id, place }), into: `${id}.twin` };
}

function writeTo({ id, place }: Pick<RelationPlan, "id" | "place">): InsertStep {
  return {
    do: "insert",
    into: id,
    rows: 2,
    place: place ?? { region: "a", bucket: 0 },
    how: "one-statement",
    end: "commit",
    isTxidNull: false,
  };
}

/** Changes that keep every value's text, so that a row is the same event before and after. */
function drawRetype(dice: Dice, table: TablePlan): RetypeStep {
  const to = {
    payload: ["text", "json", "public.event_json", "bytea", "public.event_bytes", "jsonb"],
    key: ["text", "varchar(60)", "public.shorter_text"],
    type: ["text", "varchar(60)", "public.short_text"],
    id: ["text", "varchar(80)", "public.shorter_text"],
    headers: ["text", "json", "jsonb", "public.event_json"],
  } as const;
  const role = dice.pick(["payload", "payload", "key", "type", "id", "headers"] as const);
  return { do: "retype", on: table.id, role, to: dice.pick<string>(to[role]) };
}

function drawPublicationChange(dice: Dice, table: TablePlan, write: () => Step): readonly Step[] {
  if (dice.chance(0.3)) {
    return [on("unpublish", table.id), ...meanwhile(dice, write), on("publish", table.id)];
  }
  const change = (name: PublicationStep["change"]): Step => ({ do: "publication", change: name });
  if (dice.chance(0.2)) return [change("drop"), ...meanwhile(dice, write), change("create")];
  return [
    change(
      dice.pick([
        "owner",
        "owner",
        "rename-and-back",
        "via-root-and-back",
        "recreate",
        "all-operations",
        "insert-only",
      ] as const),
    ),
  ];
}
