import type { Step } from "./step.ts";
import type { ColumnPlan, TablePlan, WorldPlan } from "./world-plan.ts";

/** Plans that do less than `plan`, the boldest first. */
export function* simplerPlans(plan: WorldPlan): Generator<WorldPlan> {
  const { steps } = plan;
  for (let size = Math.ceil(steps.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let from = 0; from < steps.length; from += size) {
      yield { ...plan, steps: steps.toSpliced(from, size) };
    }
  }
  yield* plainerWorlds(plan);
  for (const [index, step] of steps.entries()) {
    const plainer = plainerStep(step);
    if (plainer !== null) yield { ...plan, steps: steps.with(index, plainer) };
  }
}

function* plainerWorlds(plan: WorldPlan): Generator<WorldPlan> {
  const { publication, tables } = plan;
  if (tables.length > 1) {
    for (const table of tables) yield { ...plan, tables: tables.filter((one) => one !== table) };
  }
  if (plan.role !== "superuser") yield { ...plan, role: "superuser" };
  if (plan.snapshot !== "never") yield { ...plan, snapshot: "never" };
  if (plan.delivery !== "exactly-once") yield { ...plan, delivery: "exactly-once" };
  if (plan.batchEvents !== 16_000) yield { ...plan, batchEvents: 16_000 };
  if (plan.prefersAccept) yield { ...plan, prefersAccept: false };
  if (publication.hasSecond) yield { ...plan, publication: { ...publication, hasSecond: false } };
  if (publication.hasUnlisted)
    yield { ...plan, publication: { ...publication, hasUnlisted: false } };
  if (publication.operations !== "insert") {
    yield { ...plan, publication: { ...publication, operations: "insert" } };
  }
  for (const [index, table] of tables.entries()) {
    for (const plainer of plainerTables(table)) {
      yield { ...plan, tables: tables.with(index, plainer) };
    }
  }
}

function* plainerTables(table: TablePlan): Generator<TablePlan> {
  if (table.trigger !== "none") yield { ...table, trigger: "none" };
  if (table.hasRule) yield { ...table, hasRule: false };
  if (table.isRowSecured) yield { ...table, isRowSecured: false };
  if (table.hasOtherOwner) yield { ...table, hasOtherOwner: false };
  for (const { id } of table.relations) {
    const relations = table.relations.filter((one) => one.id !== id && one.parent !== id);
    yield { ...table, relations };
  }
  for (const column of table.columns) {
    if (isOptional(column)) {
      yield { ...table, columns: table.columns.filter((one) => one !== column) };
    }
  }
  for (const [index, column] of table.columns.entries()) {
    const plain = PLAIN_TYPES[column.role];
    if (plain !== undefined && column.type !== plain) {
      yield { ...table, columns: table.columns.with(index, { ...column, type: plain }) };
    }
  }
}

const PLAIN_TYPES: Readonly<Partial<Record<ColumnPlan["role"], string>>> = {
  id: "uuid",
  route: "text",
  key: "text",
  type: "text",
  payload: "jsonb",
  headers: "jsonb",
};

function isOptional({ role }: ColumnPlan): boolean {
  return role === "extra" || role === "headers" || role === "created_at" || role === "txid";
}

function plainerStep(step: Step): Step | null {
  if (step.do === "together") return step.first;
  if (step.do !== "insert") return null;
  const plain = { ...step, rows: 1, how: "rows", end: "commit", isTxidNull: false } as const;
  const isPlain =
    step.rows === 1 && step.how === "rows" && step.end === "commit" && !step.isTxidNull;
  return isPlain ? null : plain;
}
