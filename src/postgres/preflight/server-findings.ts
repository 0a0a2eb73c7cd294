import type { Finding } from "../../relay/finding.ts";
import type { SlotRow } from "../slot-row.ts";
import { slotMismatchFault } from "../slot-row.ts";
import { sqlName } from "../table-name.ts";
import type { ServerFacts } from "./facts.ts";

const VERSION_MIN = 140000;
/** From 19 on `replica` is raised by itself as soon as a logical slot exists. */
const VERSION_WITH_RISING_WAL_LEVEL = 190000;

export interface ServerExpectations {
  readonly slot: string;
  readonly applicationName: string;
}

/** What is wrong with server, role, limits and slot. */
export function serverFindings(
  server: ServerFacts,
  slot: SlotRow | null,
  expected: ServerExpectations,
): Finding[] {
  return [
    versionFinding(server),
    standbyFinding(server, slot),
    walLevelFinding(server),
    roleFinding(server),
    encodingFinding(server),
    slot === null ? slotLimitFinding(server) : slotFinding(slot),
    walSenderLimitFinding(server, slot),
    timeoutFinding(server),
    synchronousFinding(server, expected),
  ].filter((finding) => finding !== null);
}

export function versionFinding({ version }: ServerFacts): Finding | null {
  if (version >= VERSION_MIN) return null;
  return {
    code: "CONFIG_SERVER_VERSION",
    severity: "halt",
    message: `the server is Postgres ${Math.trunc(version / 10000)}; 14 is the oldest that works`,
    hint: "Upgrade Postgres.",
  };
}

/** To be tried again: the server may be about to take over, or another one to come back under its name. */
export function standbyFinding(
  { isInRecovery }: ServerFacts,
  slot: SlotRow | null,
): Finding | null {
  if (!isInRecovery) return null;
  const copy =
    slot?.isSynced === true ? `, and its slot "${slot.name}" a copy of the primary's` : "";
  return {
    code: "NOT_PRIMARY",
    severity: "retry",
    message: `the server is a standby${copy}; the relay reads from the primary`,
    hint: "Nothing to do during a failover: the relay goes on as soon as a primary answers. Otherwise point RELAY_DATABASE_URL at the primary: select pg_is_in_recovery(); answers f there.",
  };
}

export function walLevelFinding({ walLevel, version }: ServerFacts): Finding | null {
  if (walLevel === "logical") return null;
  if (walLevel === "replica" && version >= VERSION_WITH_RISING_WAL_LEVEL) return null;
  return {
    code: "CONFIG_WAL_LEVEL",
    severity: "halt",
    message: `wal_level is ${walLevel}, so the WAL does not hold what logical decoding needs`,
    hint: "Run ALTER SYSTEM SET wal_level = 'logical'; and restart Postgres (Amazon RDS: rds.logical_replication = 1; Cloud SQL: cloudsql.logical_decoding = on).",
    sql: ["ALTER SYSTEM SET wal_level = 'logical'; -- then restart Postgres"],
  };
}

export function roleFinding({ role, mayReplicate }: ServerFacts): Finding | null {
  if (mayReplicate) return null;
  return {
    code: "CONFIG_ROLE",
    severity: "halt",
    message: `role ${sqlName(role)} may not replicate`,
    hint: `As a superuser run ALTER ROLE ${sqlName(role)} REPLICATION; (Amazon RDS: GRANT rds_replication TO ${sqlName(role)};)`,
    sql: [`ALTER ROLE ${sqlName(role)} REPLICATION;`],
  };
}

export function encodingFinding({ encoding }: ServerFacts): Finding | null {
  if (encoding !== "SQL_ASCII") return null;
  return {
    code: "CONFIG_ENCODING",
    severity: "warning",
    message: "the database has the encoding SQL_ASCII: Postgres checks and converts no text in it",
    hint: "A row with text that is no UTF-8 halts the stream, and a repair as well (SQLSTATE 22021). Keep such bytes in bytea, or use a database with ENCODING 'UTF8'.",
  };
}

function slotFinding(slot: SlotRow): Finding | null {
  const fault = slotMismatchFault(slot);
  return fault === null ? null : { ...fault, severity: "halt" };
}

export function slotLimitFinding({ slotsUsed, slotsMax }: ServerFacts): Finding | null {
  if (slotsUsed < slotsMax) return null;
  return {
    code: "CONFIG_SERVER_LIMITS",
    severity: "halt",
    message: `all ${slotsMax} replication slots are in use (max_replication_slots), and ours is not among them`,
    hint: "Drop a slot that nobody needs (select slot_name, active from pg_replication_slots;), or run ALTER SYSTEM SET max_replication_slots = '20'; and restart Postgres.",
  };
}

export function walSenderLimitFinding(server: ServerFacts, slot: SlotRow | null): Finding | null {
  const { walSendersUsed, walSendersMax } = server;
  if (walSendersUsed < walSendersMax || slot?.active === true) return null;
  return {
    code: "CONFIG_SERVER_LIMITS",
    severity: "retry",
    message: `all ${walSendersMax} walsenders are in use (max_wal_senders)`,
    hint: "End a connection of pg_stat_replication that nobody needs, or run ALTER SYSTEM SET max_wal_senders = '20'; and restart Postgres.",
  };
}

export function timeoutFinding({ walSenderTimeoutMs }: ServerFacts): Finding | null {
  if (walSenderTimeoutMs > 0) return null;
  return {
    code: "CONFIG_WAL_SENDER_TIMEOUT",
    severity: "warning",
    message: "wal_sender_timeout is off (0) on the server",
    hint: "The relay sets RELAY_WAL_SENDER_TIMEOUT on its own session; keep it above 0, or a relay whose host vanishes holds the slot until TCP gives up.",
  };
}

/** As a synchronous standby the relay would hold up every commit until Kafka has the rows. */
export function synchronousFinding(
  { synchronousStandbyNames }: ServerFacts,
  { applicationName }: ServerExpectations,
): Finding | null {
  if (!namesStandby(synchronousStandbyNames, applicationName)) return null;
  return {
    code: "CONFIG_SYNCHRONOUS_STANDBY",
    severity: "warning",
    message: `synchronous_standby_names matches "${applicationName}": every commit waits until the relay has confirmed it`,
    hint: "List the standbys by name: ALTER SYSTEM SET synchronous_standby_names = '...'; and select pg_reload_conf();",
  };
}

/** Whether `FIRST n (a, "b", *)`, `ANY n (...)` or a plain list holds the name. Case does not count. */
function namesStandby(setting: string, name: string): boolean {
  const list = /\((.*)\)/s.exec(setting)?.[1] ?? setting;
  return [...list.matchAll(/"((?:[^"]|"")*)"|([^\s,]+)/g)].some(([, quoted, plain]) => {
    if (plain === "*") return true;
    const candidate = quoted?.replaceAll('""', '"') ?? plain;
    return candidate?.toLowerCase() === name.toLowerCase();
  });
}
