import type { Dice } from "../../prove/plan/dice.ts";
import type { RoleNames } from "./draw-columns.ts";
import { drawColumns } from "./draw-columns.ts";
import type { RelationPlan, TablePlan } from "./world-plan.ts";

const TABLE_NAMES = [
  { schema: "public", name: "outbox" },
  { schema: "public", name: "Outbox$2" },
  { schema: "app", name: "order" },
] as const;

export function drawTables(dice: Dice, names: RoleNames): readonly TablePlan[] {
  const count = dice.chance(0.75) ? 1 : 2;
  // One setting names the headers column of all tables, so that all have it or none.
  const hasHeaders = dice.chance(0.85);
  const places = dice.chance(0.6) ? [...TABLE_NAMES] : dice.shuffled(TABLE_NAMES);
  return places
    .slice(0, count)
    .map(({ schema, name }, index) =>
      drawTable(dice, { id: `t${index}`, schema, name, names, hasHeaders }),
    );
}

interface TableWishes {
  readonly id: string;
  readonly schema: string;
  readonly name: string;
  readonly names: RoleNames;
  readonly hasHeaders: boolean;
}

function drawTable(dice: Dice, wishes: TableWishes): TablePlan {
  const { id, schema, name, names, hasHeaders } = wishes;
  const shape = dice.pick(["plain", "plain", "partitioned", "partitioned", "inherited"]);
  const isPartitioned = shape === "partitioned";
  const columns = drawColumns(dice, { names, isPartitioned, hasHeaders });
  const nameOf = (role: string): string =>
    `"${columns.find((column) => column.role === role)?.name ?? role}"`;
  const tree = new TreeDrawer(dice, schema, name, nameOf);
  const relations =
    shape === "partitioned" ? tree.partitions(id) : shape === "inherited" ? tree.children(id) : [];
  return {
    id,
    schema,
    name,
    columns,
    splitBy: isPartitioned ? `partition by list (${nameOf("region")})` : "",
    relations,
    isRowSecured: dice.chance(0.15),
    hasPrimaryKey: !isPartitioned && dice.chance(0.7),
    trigger: dice.pick(["none", "none", "none", "before", "after"]),
    hasRule: !isPartitioned && dice.chance(0.08),
    hasOtherOwner: dice.chance(0.15),
  };
}

/** Draws what lies below a table: up to three levels of partitions (list, range, hash), or children and grandchildren. */
class TreeDrawer {
  readonly #dice: Dice;
  readonly #schema: string;
  readonly #name: string;
  readonly #nameOf: (role: string) => string;
  readonly #drawn: RelationPlan[] = [];

  constructor(dice: Dice, schema: string, name: string, nameOf: (role: string) => string) {
    this.#dice = dice;
    this.#schema = schema;
    this.#name = name;
    this.#nameOf = nameOf;
  }

  partitions(root: string): readonly RelationPlan[] {
    for (const region of ["a", "b"]) {
      const isSplit = this.#dice.chance(0.4);
      const id = this.#partition(root, region, {
        bound: `for values in ('${region}')`,
        splitBy: isSplit ? `partition by range (${this.#nameOf("bucket")})` : "",
        place: { region, bucket: 0 },
      });
      if (isSplit) this.#ranges(id, region);
    }
    this.#partition(root, "late", {
      bound: "for values in ('c', 'd')",
      place: { region: "c", bucket: 0 },
      isLate: true,
    });
    if (this.#dice.chance(0.4)) {
      this.#partition(root, "rest", { bound: "default", place: { region: "z", bucket: 0 } });
    }
    return this.#drawn;
  }

  #ranges(parent: string, region: string): void {
    const isSplit = this.#dice.chance(0.3);
    const low = this.#partition(parent, `${region} low`, {
      bound: "for values from (minvalue) to (10)",
      splitBy: isSplit ? `partition by hash (${this.#nameOf("slice")})` : "",
      place: { region, bucket: 0 },
    });
    if (isSplit) {
      for (const remainder of [0, 1]) {
        this.#partition(low, `${region} hash ${remainder}`, {
          bound: `for values with (modulus 2, remainder ${remainder})`,
          place: null,
        });
      }
    }
    this.#partition(parent, `${region} high`, {
      bound: "for values from (10) to (maxvalue)",
      place: { region, bucket: 10 },
      isLate: this.#dice.chance(0.3),
    });
  }

  children(root: string): readonly RelationPlan[] {
    const place = { region: "a", bucket: 0 };
    const first = this.#add(root, "Kind 2026", { kind: "child", place });
    this.#add(root, "late child", { kind: "child", place, isLate: true });
    if (this.#dice.chance(0.5)) this.#add(first, "grandchild", { kind: "child", place });
    return this.#drawn;
  }

  #partition(parent: string, name: string, details: Partial<RelationPlan>): string {
    const isReordered = details.splitBy === undefined && this.#dice.chance(0.4);
    return this.#add(parent, name, { kind: "partition", isReordered, ...details });
  }

  #add(
    parent: string,
    name: string,
    details: Partial<RelationPlan> & Pick<RelationPlan, "kind">,
  ): string {
    const id = `${parent.split(".")[0] ?? parent}.${this.#drawn.length + 1}`;
    this.#drawn.push({
      id,
      parent,
      schema: this.#dice.chance(0.8) ? this.#schema : "app",
      name: `${this.#name}_${name}`,
      bound: "",
      splitBy: "",
      isUnlogged: false,
      isReordered: false,
      isLate: false,
      place: null,
      ...details,
    });
    return id;
  }
}
