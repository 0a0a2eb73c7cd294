import type { PublicationStep } from "../plan/step.ts";
import type { WorldPlan } from "../plan/world-plan.ts";
import type { WorldNames } from "./create-schema.ts";
import { publicationStatement } from "./create-schema.ts";

/** Statements of each change of the publication; `name` is quoted. */
export const PUBLICATION_CHANGES: Readonly<
  Record<
    PublicationStep["change"],
    (name: string, plan: WorldPlan, names: WorldNames) => readonly string[]
  >
> = {
  owner: (name, _plan, { ownerRole }) => [`alter publication ${name} owner to ${ownerRole}`],
  "rename-and-back": (name) => [
    `alter publication ${name} rename to elsewhere`,
    `alter publication elsewhere rename to ${name}`,
  ],
  "via-root-and-back": (name, plan) => [
    `alter publication ${name} set (publish_via_partition_root = ${!plan.publication.isViaRoot})`,
    `alter publication ${name} set (publish_via_partition_root = ${plan.publication.isViaRoot})`,
  ],
  recreate: (name, plan, { publication }) => [
    `drop publication ${name}`,
    publicationStatement(plan, publication),
  ],
  drop: (name) => [`drop publication ${name}`],
  create: (_name, plan, { publication }) => [publicationStatement(plan, publication)],
  "all-operations": (name) => [
    `alter publication ${name} set (publish = 'insert, update, delete, truncate')`,
  ],
  "insert-only": (name) => [`alter publication ${name} set (publish = 'insert')`],
};
