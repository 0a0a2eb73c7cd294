import type { InsertStep, RelationStep, Step } from "./plan/step.ts";
import type {
  ColumnPlan,
  ColumnRole,
  Place,
  RelationPlan,
  TablePlan,
  WorldPlan,
} from "./plan/world-plan.ts";

/** A world that failed once, as small as it could be made: the suite runs each of them first. */
export interface KeptWorld {
  readonly name: string;
  readonly plan: WorldPlan;
}

const A: Place = { region: "a", bucket: 0 };
const B: Place = { region: "b", bucket: 0 };

const COLUMNS: readonly ColumnPlan[] = [
  column("id", "id", "uuid", "not null"),
  column("route", "aggregatetype", "text", "not null"),
  column("key", "aggregateid", "text", "not null"),
  column("type", "type", "text", "not null"),
  column("payload", "payload", "jsonb", ""),
  column("headers", "headers", "jsonb", ""),
  column("created_at", "created_at", "timestamptz", "not null default pg_catalog.now()"),
  column("txid", "txid", "xid8", "not null default pg_catalog.pg_current_xact_id()"),
];

const PLACES: readonly ColumnPlan[] = [
  column("region", "region", "text", "not null default 'a'"),
  column("bucket", "bucket", "int", "not null default 0"),
];

function column(role: ColumnRole, name: string, type: string, options: string): ColumnPlan {
  return { role, name, type, options, isDropped: false };
}

/** The migration's table with other types or options of some columns. */
function withColumns(changes: Partial<Record<ColumnRole, Partial<ColumnPlan>>>): TablePlan {
  return {
    ...PLAIN,
    columns: PLAIN.columns.map((one) => ({ ...one, ...changes[one.role] })),
  };
}

const PLAIN: TablePlan = {
  id: "t0",
  schema: "public",
  name: "outbox",
  columns: COLUMNS,
  splitBy: "",
  relations: [],
  isRowSecured: false,
  hasPrimaryKey: true,
  trigger: "none",
  hasRule: false,
  hasOtherOwner: false,
};

const PARTITIONED: TablePlan = {
  ...PLAIN,
  columns: [...COLUMNS, ...PLACES],
  splitBy: 'partition by list ("region")',
  hasPrimaryKey: false,
  relations: [
    below("t0.1", "outbox_a", "for values in ('a')", A),
    below("t0.2", "outbox_b", "for values in ('b')", B),
  ],
};

function below(id: string, name: string, bound: string, place: Place): RelationPlan {
  return {
    id,
    parent: "t0",
    kind: bound === "" ? "child" : "partition",
    schema: "public",
    name,
    bound,
    splitBy: "",
    isUnlogged: false,
    isReordered: false,
    isLate: false,
    place,
  };
}

const CHILD: TablePlan = { ...PLAIN, relations: [below("t0.1", "outbox_2026", "", A)] };
const LATE_CHILD: TablePlan = {
  ...PLAIN,
  relations: [{ ...below("t0.1", "outbox_2026", "", A), isLate: true }],
};

function world(steps: readonly Step[], change: Partial<WorldPlan> = {}): WorldPlan {
  return {
    seed: 0,
    number: 0,
    major: 18,
    tables: [PLAIN],
    role: "superuser",
    publication: {
      form: "tables",
      isViaRoot: true,
      operations: "insert",
      hasUnlisted: false,
      hasSecond: false,
    },
    snapshot: "never",
    delivery: "exactly-once",
    batchEvents: 16_000,
    prefersAccept: false,
    ...change,
    steps,
  };
}

function insert(change: Partial<InsertStep> = {}): InsertStep {
  const base = { do: "insert", into: "t0", rows: 3, place: A, how: "one-statement" } as const;
  return { ...base, end: "commit", isTxidNull: false, ...change };
}

const on = (name: RelationStep["do"], id = "t0"): RelationStep => ({ do: name, on: id });
const START: Step = { do: "start" };
const STOP: Step = { do: "stop" };
const SETTLE: Step = { do: "settle" };
const LOOK: Step = { do: "look" };
const OPERATE: Step = { do: "operate" };
const DROP_SLOT: Step = { do: "drop-slot" };
/** The slot is lost while the relay is away, and rows are written before somebody notices. */
const GAP: readonly Step[] = [STOP, DROP_SLOT, insert(), START, OPERATE];

export const KEPT_WORLDS: readonly KeptWorld[] = [
  {
    name: "rows that are written while the table has another name for a moment, with a relay that has read none",
    plan: world([START, on("rename"), insert(), on("rename-back"), insert()]),
  },
  {
    name: "the same while the table is in another schema and the relay is stopped",
    plan: world([START, STOP, on("set-schema"), insert(), on("set-schema-back"), insert()], {
      major: 14,
    }),
  },
  {
    name: "a rename that is noticed and taken back, as the hint says",
    plan: world([START, insert(), SETTLE, on("rename"), insert(), SETTLE, on("rename-back")]),
  },
  {
    name: "rows of a child table that was there when the publication was made",
    plan: world([START, insert({ into: "t0.1" }), insert()], { tables: [CHILD], major: 14 }),
  },
  {
    name: "rows of a child table that is made while the relay streams",
    plan: world([START, on("create", "t0.1"), insert({ into: "t0.1" }), insert()], {
      tables: [LATE_CHILD],
    }),
  },
  {
    name: "a repair of a table with children, whose rows stand at the same places",
    plan: world([START, insert(), insert({ into: "t0.1" }), ...GAP, insert({ into: "t0.1" })], {
      tables: [CHILD],
      major: 14,
    }),
  },
  {
    name: "rows of a partition that is set unlogged while the relay streams",
    plan: world([START, insert(), on("unlogged", "t0.1"), insert(), LOOK], {
      tables: [PARTITIONED],
    }),
  },
  {
    name: "rows that move to another partition, by UPDATE and by hand",
    plan: world(
      [
        START,
        insert(),
        { do: "move", on: "t0", from: "a", to: "b", how: "update" },
        { do: "move", on: "t0", from: "b", to: "a", how: "by-hand" },
      ],
      { tables: [PARTITIONED], major: 14 },
    ),
  },
  {
    name: "a payload of a domain over a domain over bytea, a key of a domain over bytea",
    plan: world([START, insert({ rows: 5 }), ...GAP], {
      tables: [
        withColumns({
          payload: { type: "public.small_event_bytes" },
          key: { type: "public.event_bytes" },
        }),
      ],
    }),
  },
  {
    name: "padded ids and keys, in the stream and in a repair",
    plan: world([START, insert(), SETTLE, ...GAP], {
      tables: [withColumns({ id: { type: "char(40)" }, key: { type: "char(12)" } })],
      major: 14,
    }),
  },
  {
    name: "a repair of rows without txid, by a role that may read the root of the partitions only",
    plan: world([START, insert(), STOP, DROP_SLOT, insert({ isTxidNull: true }), START, OPERATE], {
      tables: [
        {
          ...PARTITIONED,
          columns: PARTITIONED.columns.map((one) =>
            one.role === "txid" ? { ...one, options: one.options.replace("not null", "") } : one,
          ),
        },
      ],
      role: "least",
    }),
  },
  {
    name: "a repair by a role that row-level security keeps the rows from",
    plan: world([START, insert(), ...GAP], {
      tables: [{ ...PLAIN, isRowSecured: true }],
      role: "least",
      major: 14,
    }),
  },
  {
    name: "a publication and a table that get another owner, which halts nothing",
    plan: world([
      START,
      insert(),
      { do: "publication", change: "owner" },
      on("owner"),
      LOOK,
      insert(),
    ]),
  },
  {
    name: "a publication that is dropped and made again while rows are written, and a person who accepts that",
    plan: world(
      [
        START,
        insert(),
        STOP,
        { do: "publication", change: "drop" },
        insert(),
        { do: "publication", change: "create" },
        START,
        OPERATE,
      ],
      { prefersAccept: true },
    ),
  },
  {
    name: "a partition that a start finds unlogged, and that is logged again as the hint says",
    plan: world([START, insert(), SETTLE, STOP, on("unlogged", "t0.1"), insert(), START, OPERATE], {
      tables: [PARTITIONED],
      major: 14,
    }),
  },
  {
    name: "a child table that a start finds unpublished, and that is published as the hint says",
    plan: world(
      [
        START,
        insert(),
        SETTLE,
        STOP,
        on("create", "t0.1"),
        insert({ into: "t0.1" }),
        START,
        OPERATE,
      ],
      { tables: [LATE_CHILD] },
    ),
  },
  {
    name: "a row without a key column in the first bytes of a stream whose other rows are published",
    plan: world([
      START,
      insert(),
      on("rename-key"),
      insert(),
      SETTLE,
      STOP,
      on("rename-columns-back"),
      insert(),
    ]),
  },
];
