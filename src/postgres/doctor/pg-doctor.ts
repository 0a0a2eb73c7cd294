import type { Check } from "../../relay/check.ts";
import { unasked } from "../../relay/check.ts";
import { RelayError } from "../../relay/errors.ts";
import { findingOf } from "../../relay/finding.ts";
import { oldestWriter } from "../oldest-transaction.ts";
import type { ServerFacts } from "../preflight/facts.ts";
import { readFailover } from "../preflight/failover-facts.ts";
import type { RowFilterPolicy } from "../preflight/publication-findings.ts";
import type { Ask } from "../preflight/read-facts.ts";
import { readPublications, readServer, readTables } from "../preflight/read-facts.ts";
import { readMissingRights, rightFinding } from "../preflight/right-findings.ts";
import { versionFinding } from "../preflight/server-findings.ts";
import { readShards, shardNames } from "../preflight/shard-facts.ts";
import { readTree } from "../preflight/tree-facts.ts";
import { readWay } from "../preflight/way-facts.ts";
import type { PostgresOptions } from "../replication-source.ts";
import type { SlotAnswer } from "../slot-row.ts";
import { slotQuery, slotRow } from "../slot-row.ts";
import { parseTableName } from "../table-name.ts";
import { clockCheck } from "./clock-check.ts";
import { outboxChecks } from "./outbox-checks.ts";
import { check } from "./question.ts";
import { serverChecks } from "./server-checks.ts";
import { shardChecks } from "./shard-checks.ts";
import { slotChecks } from "./slot-checks.ts";
import type { TableSample } from "./table-sample.ts";
import { sampleTables } from "./table-sample.ts";
import { tlsCheck } from "./tls-check.ts";

const TITLE = "connection";
const WHY = "everything else is asked over it, and the relay watches the slot by it";

interface ExaminedOptions extends PostgresOptions {
  readonly slotFailover?: boolean | "auto";
  readonly walBudgetBytes?: number;
  readonly rowFilter?: RowFilterPolicy;
}

export interface DoctorExpectations {
  /** RELAY_SLOT_CREATE lets the relay make the slot. */
  readonly mayCreateSlot: boolean;
  /** RELAY_WAL_HELD_WARN_AFTER, seconds; 0: never. */
  readonly heldWarnAfterSeconds: number;
  /** Ms since 1970. */
  readonly nowMs: () => number;
}

export interface DatabaseExamination {
  readonly checks: readonly Check[];
  /** Null when the server was not reached. */
  readonly systemId: string | null;
  readonly samples: readonly TableSample[];
}

/** Asks Postgres all that decides whether the relay can do its work there; changes nothing. */
export async function examineDatabase(
  ask: Ask,
  options: ExaminedOptions,
  expected: DoctorExpectations,
): Promise<DatabaseExamination> {
  try {
    const unseen = rightFinding(await readMissingRights(ask));
    if (unseen !== null) return { ...NOTHING, checks: [unasked(TITLE, WHY, [unseen])] };
    const server = await readServer(ask);
    const tooOld = versionFinding(server);
    if (tooOld !== null) return { ...NOTHING, checks: [unasked("server version", WHY, [tooOld])] };
    return await examine(ask, server, options, expected);
  } catch (error) {
    if (!(error instanceof RelayError)) throw error;
    return { ...NOTHING, checks: [unasked(TITLE, WHY, [findingOf(error)])] };
  }
}

const NOTHING = { systemId: null, samples: [] } as const;

async function examine(
  ask: Ask,
  server: ServerFacts,
  options: ExaminedOptions,
  expected: DoctorExpectations,
): Promise<DatabaseExamination> {
  const { slot: name, columns, publications, rowFilter = "refuse", shard = null } = options;
  const wanted = options.tables.map(parseTableName);
  const [answer] = await ask<SlotAnswer>(slotQuery(name), []);
  const slot = answer === undefined ? null : slotRow(name, answer);
  const tables = await readTables(ask, wanted);
  const published = await readPublications(ask, publications, wanted);
  const way = await readWay(ask, server.version, publications, wanted);
  const tree = await readTree(ask, publications, wanted);
  const samples = await sampleTables(ask, tables, columns);
  const failover = await readFailover(ask, name);
  const view = { server, slot, failover, oldest: await oldestWriter(ask) };
  const slotExpectations = {
    slot: name,
    database: server.database,
    failover: options.slotFailover ?? false,
    mayCreate: expected.mayCreateSlot,
    walBudgetBytes: options.walBudgetBytes ?? 0,
    heldWarnAfterSeconds: expected.heldWarnAfterSeconds,
  };
  const outbox = { role: server.role, tables, publications: published, way, tree, samples };
  return {
    systemId: await systemIdentifier(ask),
    samples,
    checks: [
      check(TITLE, WHY, { seen: `as ${server.role} to database ${server.database}` }),
      await tlsCheck(ask, options.tls?.mode ?? "prefer", options.tls?.ca ?? null),
      ...serverChecks(server, slot, options),
      ...slotChecks(view, slotExpectations),
      ...outboxChecks(outbox, {
        tables: wanted,
        columns,
        areHeadersRequired: options.areHeadersRequired ?? false,
        publications,
        rowFilter,
        shard,
      }),
      ...shardChecks(await readShards(ask, shardNames(options), wanted), {
        shard,
        version: server.version,
        tables,
        columns,
      }),
      await clockCheck(ask, expected.nowMs),
    ],
  };
}

async function systemIdentifier(ask: Ask): Promise<string | null> {
  const [row] = await ask<{ systemId: string }>(
    `select system_identifier::text as "systemId" from pg_control_system()`,
    [],
  );
  return row?.systemId ?? null;
}
