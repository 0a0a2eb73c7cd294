import { RelayError } from "../relay/errors.ts";
import { oldestWriter, writerHint, writerText } from "./oldest-transaction.ts";
import { hasSqlState } from "./postgres-error.ts";
import { FAILOVER_VERSION_MIN } from "./preflight/failover-findings.ts";
import type { Ask } from "./preflight/read-facts.ts";
import { serverVersion } from "./server-version.ts";

const DUPLICATE_OBJECT = "42710";
const LIMIT_EXCEEDED = "53400";
const QUERY_CANCELED = "57014";

/**
 * Creates a permanent pgoutput slot. Postgres waits for every transaction that is writing at that
 * moment; when the statement time-out ends the wait, the error names the oldest of them.
 */
export async function createSlot(
  ask: Ask,
  slot: string,
  failover: boolean | "auto",
): Promise<void> {
  try {
    if (await wantsFailover(ask, failover)) {
      await ask(
        "select pg_create_logical_replication_slot($1, 'pgoutput', false, false, failover => true)",
        [slot],
      );
    } else {
      await ask("select pg_create_logical_replication_slot($1, 'pgoutput')", [slot]);
    }
  } catch (error) {
    const cause = error instanceof RelayError ? error.cause : error;
    if (hasSqlState(cause, DUPLICATE_OBJECT)) return;
    throw await explainSlotCreation(ask, slot, error);
  }
}

/** Whether the slot is to be synchronised to standbys. Throws where that is asked for and the server cannot. */
export async function wantsFailover(ask: Ask, failover: boolean | "auto"): Promise<boolean> {
  if (failover === false) return false;
  const version = await serverVersion(ask);
  if (version >= FAILOVER_VERSION_MIN) return true;
  if (failover === "auto") return false;
  throw new RelayError("slots that fail over need Postgres 17 (RELAY_SLOT_FAILOVER)", {
    code: "CONFIG_SLOT",
    remedy: "halt",
    hint: "Set RELAY_SLOT_FAILOVER=auto or false, or upgrade Postgres.",
  });
}

/** Why a slot could not be made; who is in the way where Postgres waited for transactions. */
export async function explainSlotCreation(
  ask: Ask,
  slot: string,
  error: unknown,
): Promise<unknown> {
  const cause = error instanceof RelayError ? error.cause : error;
  if (hasSqlState(cause, DUPLICATE_OBJECT)) return slotExists(slot, cause);
  if (hasSqlState(cause, LIMIT_EXCEEDED)) return limitReached(slot, cause);
  if (hasSqlState(cause, QUERY_CANCELED)) return blocked(ask, slot, cause);
  return error;
}

function slotExists(slot: string, cause: unknown): RelayError {
  return new RelayError(`slot "${slot}" was made by somebody else meanwhile`, {
    code: "SLOT_BUSY",
    remedy: "standby",
    hint: "Nothing to do for a standby.",
    cause,
  });
}

function limitReached(slot: string, cause: unknown): RelayError {
  return new RelayError(
    `slot "${slot}" cannot be created: all replication slots are in use (max_replication_slots)`,
    {
      code: "CONFIG_SERVER_LIMITS",
      remedy: "halt",
      hint: "Drop a slot that nobody needs (select slot_name, active from pg_replication_slots;), or run ALTER SYSTEM SET max_replication_slots = '20'; and restart Postgres.",
      cause,
    },
  );
}

async function blocked(ask: Ask, slot: string, cause: unknown): Promise<RelayError> {
  const writer = await oldestWriter(ask);
  const who = writer === null ? "a transaction that has ended by now" : writerText(writer);
  return new RelayError(`slot "${slot}" could not be created in time: Postgres waits for ${who}`, {
    code: "SLOT_CREATE_BLOCKED",
    remedy: "retry",
    hint: writer === null ? "Nothing to do: the relay tries again." : writerHint(writer),
    cause,
  });
}
