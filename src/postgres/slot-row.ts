import type { Client } from "pg";
import pg from "pg";
import type { SlotFacts } from "../relay/capture/source-database.ts";
import type { ErrorCode } from "../relay/errors.ts";
import { RelayError } from "../relay/errors.ts";
import { parseLsn } from "../relay/lsn.ts";
import { SERVER_START } from "./server-identity.ts";

const OTHERS_HINT =
  "A slot's name is unique in the whole server, and this one is most likely another relay's: set RELAY_SLOT_NAME to a name of this relay's own.";

/** What is wrong with a slot, in the words of a finding or an error. */
export interface SlotFault {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
}

export interface SlotRow extends SlotFacts {
  readonly isLogical: boolean;
  readonly isTwoPhase: boolean;
  /** The database of the session that asked. */
  readonly currentDatabase: string;
}

/** The catalogs differ by version, so the row comes as JSON and absent columns are simply absent. */
export interface SlotAnswer {
  readonly slot: {
    readonly plugin: string | null;
    readonly slot_type: string;
    readonly database: string | null;
    readonly temporary: boolean;
    readonly active: boolean;
    readonly active_pid: number | null;
    readonly restart_lsn: string | null;
    readonly confirmed_flush_lsn: string | null;
    readonly wal_status: string | null;
    readonly safe_wal_size: number | null;
    readonly two_phase?: boolean;
    readonly synced?: boolean;
    readonly conflicting?: boolean | null;
    readonly invalidation_reason?: string | null;
  };
  readonly wal_end: string;
  /** As text on a replication connection. */
  readonly in_recovery: boolean | string;
  readonly here: string;
  readonly xmin_age: number | null;
  readonly server_start: string;
  readonly holder?: string | null;
}

/**
 * Without parameters, because a replication connection knows the simple query protocol only. The holder is for messages
 * alone: it is asked of the function behind pg_stat_activity, which a role may call that may not read the view.
 */
export function slotQuery(slot: string): string {
  return `
    select to_jsonb(s) as slot, current_database() as here, pg_is_in_recovery() as in_recovery, age(s.catalog_xmin) as xmin_age,
           ${SERVER_START} as server_start,
           (select a.application_name from pg_stat_get_activity(coalesce(s.active_pid, 0)) a) as holder,
           case when pg_is_in_recovery() then pg_last_wal_replay_lsn()
                else pg_current_wal_lsn() end::text as wal_end
      from pg_replication_slots s
     where s.slot_name = ${pg.escapeLiteral(slot)}`;
}

export async function readSlot(client: Client, slot: string): Promise<SlotRow | null> {
  const { rows } = await client.query<SlotAnswer>(slotQuery(slot));
  return rows[0] === undefined ? null : slotRow(slot, rows[0]);
}

export function slotRow(name: string, answer: SlotAnswer): SlotRow {
  const { slot, wal_end, here, in_recovery, xmin_age, server_start, holder = null } = answer;
  const walEnd = parseLsn(wal_end);
  const restartLsn = slot.restart_lsn === null ? null : parseLsn(slot.restart_lsn);
  const confirmedLsn =
    slot.confirmed_flush_lsn === null ? null : parseLsn(slot.confirmed_flush_lsn);
  return {
    name,
    plugin: slot.plugin,
    database: slot.database,
    temporary: slot.temporary,
    // After a promotion the mark stays, although the slot is then an ordinary one.
    isSynced: slot.synced === true && String(in_recovery).startsWith("t"),
    active: slot.active,
    activePid: slot.active_pid,
    holder: holder === "" ? null : holder,
    confirmedLsn,
    restartLsn,
    walStatus: slot.wal_status,
    // Postgres 16 has no reason, only the fact that recovery removed rows the slot needs.
    invalidationReason: slot.invalidation_reason ?? (slot.conflicting === true ? "conflict" : null),
    retainedBytes: restartLsn === null ? null : Number(walEnd - restartLsn),
    unconfirmedBytes: confirmedLsn === null ? null : Number(walEnd - confirmedLsn),
    safeWalBytes: slot.safe_wal_size,
    catalogXminAge: xmin_age,
    walEnd,
    serverStart: server_start,
    isLogical: slot.slot_type === "logical",
    isTwoPhase: slot.two_phase === true,
    currentDatabase: here,
  };
}

/** Null when the relay can read from the slot, once it is free. */
export function slotFault(slot: SlotRow): SlotFault | null {
  if (slot.walStatus === "lost" || slot.invalidationReason !== null) return slotInvalid(slot);
  return slotMismatchFault(slot);
}

/** Null for a slot of our kind, whether or not it is still good: whether that is a gap depends on the checkpoint. */
export function slotMismatchFault(slot: SlotRow): SlotFault | null {
  const wrong = slotMismatch(slot);
  if (wrong === null) return null;
  return {
    code: "CONFIG_SLOT",
    message: `slot "${slot.name}" ${wrong} (RELAY_SLOT_NAME)`,
    hint:
      slot.isLogical && slot.database !== slot.currentDatabase
        ? OTHERS_HINT
        : `Set RELAY_SLOT_NAME to another name; or, when nobody needs that slot, run select pg_drop_replication_slot('${slot.name}'); and let the relay create its own.`,
  };
}

/** For a slot that must not be dropped from here: another database's, and most likely another relay's. */
export function slotOfOthers({ name, database }: SlotRow): RelayError {
  const what = database === null ? "is a physical slot" : `belongs to database "${database}"`;
  return new RelayError(`slot "${name}" ${what} (RELAY_SLOT_NAME): it is not dropped from here`, {
    code: "CONFIG_SLOT",
    remedy: "halt",
    hint: OTHERS_HINT,
  });
}

function slotMismatch(slot: SlotRow): string | null {
  if (!slot.isLogical) return "is a physical slot";
  if (slot.plugin !== "pgoutput") return `uses the plugin ${slot.plugin ?? ""}, not pgoutput`;
  if (slot.database !== slot.currentDatabase) {
    return `belongs to database "${slot.database ?? ""}", not "${slot.currentDatabase}"`;
  }
  if (slot.temporary) return "is temporary: it ends with the session that made it";
  if (slot.isTwoPhase)
    return "was created for two-phase commit, which shows rows before their outcome";
  return null;
}

function slotInvalid(slot: SlotRow): SlotFault {
  const reason = slot.invalidationReason ?? "its WAL was removed";
  return {
    code: "GAP_SLOT_INVALID",
    message: `slot "${slot.name}" is invalid (${reason}): rows after ${slot.confirmedLsn === null ? "its position" : "its confirmed position"} can no longer be read from it`,
    hint: `Note its position before anything else: select * from pg_replication_slots where slot_name = '${slot.name}'; then run outbox-relay repair --plan, and raise max_slot_wal_keep_size (or idle_replication_slot_timeout).`,
  };
}
