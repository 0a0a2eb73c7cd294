import type { Place } from "./world-plan.ts";

export type InsertHow = "rows" | "one-statement" | "copy" | "upsert" | "merge";
export type InsertEnd = "commit" | "rollback" | "savepoint" | "prepared" | "prepared-rollback";

/** Rows for one relation, in one transaction. */
export interface InsertStep {
  readonly do: "insert";
  /** Id of a table or of a relation below one. */
  readonly into: string;
  readonly rows: number;
  /** Where a partitioned table is to put them. */
  readonly place: Place;
  readonly how: InsertHow;
  readonly end: InsertEnd;
  /** Writes NULL into a txid column that allows it. */
  readonly isTxidNull: boolean;
}

export type RelationStep = {
  readonly do:
    | "rename"
    | "rename-back"
    | "set-schema"
    | "set-schema-back"
    | "swap"
    | "swap-back"
    | "create"
    | "detach"
    | "attach"
    | "drop"
    | "unlogged"
    | "logged"
    | "delete"
    | "truncate"
    | "touch"
    | "analyze"
    | "vacuum-full"
    | "reindex"
    | "owner"
    | "grant"
    | "row-security"
    | "drop-headers"
    | "add-headers"
    | "rename-headers"
    | "rename-key"
    | "rename-columns-back"
    | "add-column"
    | "drop-column"
    | "publish"
    | "unpublish";
  readonly on: string;
};

export interface RetypeStep {
  readonly do: "retype";
  readonly on: string;
  readonly role: "payload" | "key" | "type" | "id" | "headers";
  readonly to: string;
}

export interface MoveStep {
  readonly do: "move";
  readonly on: string;
  readonly from: string;
  readonly to: string;
  readonly how: "update" | "by-hand";
}

export interface TogetherStep {
  readonly do: "together";
  readonly first: InsertStep;
  readonly second: InsertStep;
  readonly commitsFirst: "first" | "second";
}

/** Changes of the publication as a whole. */
export interface PublicationStep {
  readonly do: "publication";
  readonly change:
    | "owner"
    | "rename-and-back"
    | "via-root-and-back"
    | "recreate"
    | "drop"
    | "create"
    | "all-operations"
    | "insert-only";
}

export interface RelayStep {
  /**
   * settle: waits until all is published or the relay has failed; look: until it has looked at the catalogs again;
   * operate: an operator does what the relay says.
   */
  readonly do: "start" | "stop" | "kill" | "settle" | "look" | "drop-slot" | "operate";
}

export type Step =
  | InsertStep
  | RelationStep
  | RetypeStep
  | MoveStep
  | TogetherStep
  | PublicationStep
  | RelayStep;

/** One word that steps are counted by. */
export function stepKind(step: Step): string {
  switch (step.do) {
    case "insert":
      return `insert ${step.how}, ${step.end}`;
    case "retype":
      return `retype ${step.role}`;
    case "move":
      return `move ${step.how}`;
    case "publication":
      return `publication ${step.change}`;
    default:
      return step.do;
  }
}

export function describeStep(step: Step): string {
  switch (step.do) {
    case "insert": {
      const { into, rows, place, isTxidNull } = step;
      const where = `${place.region}/${place.bucket}`;
      return `${stepKind(step)}: ${rows} into ${into} for ${where}${isTxidNull ? ", txid null" : ""}`;
    }
    case "retype":
      return `${stepKind(step)} of ${step.on} to ${step.to}`;
    case "move":
      return `${stepKind(step)}: rows of ${step.on} from ${step.from} to ${step.to}`;
    case "together":
      return `together: (${describeStep(step.first)}) and (${describeStep(step.second)}), the ${step.commitsFirst} commits first`;
    case "publication":
      return stepKind(step);
    default:
      return "on" in step ? `${step.do} ${step.on}` : step.do;
  }
}
