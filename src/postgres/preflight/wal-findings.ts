import type { Finding } from "../../relay/finding.ts";
import type { SlotRow } from "../slot-row.ts";
import type { ServerFacts } from "./facts.ts";

const GIB = 1024 ** 3;
/** A limit below this is used up by a short outage on a server that writes at all. */
const KEEP_MIB_MIN = 1024;
/** From here on it matters that nobody knows how much room there is. */
const UNBOUNDED_BYTES_MAX = GIB;

/** Warnings of what the server allows the slot to retain, where somebody can do something about it. */
export function walFindings(
  server: ServerFacts,
  slot: SlotRow | null,
  walBudgetBytes: number,
): Finding[] {
  return [
    keepSizeFinding(server),
    unboundedFinding(server, slot, walBudgetBytes),
    idleTimeoutFinding(server),
  ].filter((finding) => finding !== null);
}

function keepSizeFinding({ slotWalKeepMib }: ServerFacts): Finding | null {
  if (slotWalKeepMib < 0 || slotWalKeepMib >= KEEP_MIB_MIN) return null;
  return {
    code: "CONFIG_SLOT_WAL_LIMIT",
    severity: "warning",
    message: `max_slot_wal_keep_size is ${slotWalKeepMib} MB: a relay that falls behind by more loses its slot, with the events in it`,
    hint: "Allow for the longest outage of Kafka you plan for: ALTER SYSTEM SET max_slot_wal_keep_size = '10GB'; and select pg_reload_conf();",
    sql: ["ALTER SYSTEM SET max_slot_wal_keep_size = '10GB';", "SELECT pg_reload_conf();"],
  };
}

/** Without a limit is Postgres's default, and no reason to warn as long as little is retained. */
function unboundedFinding(
  { slotWalKeepMib }: ServerFacts,
  slot: SlotRow | null,
  walBudgetBytes: number,
): Finding | null {
  const retainedBytes = slot?.retainedBytes ?? 0;
  if (slotWalKeepMib >= 0 || walBudgetBytes > 0 || retainedBytes < UNBOUNDED_BYTES_MAX) return null;
  return {
    code: "CONFIG_SLOT_WAL_LIMIT",
    severity: "warning",
    message: `slot "${slot?.name ?? ""}" retains ${Math.floor(retainedBytes / GIB)} GiB of WAL, nothing limits it (max_slot_wal_keep_size is -1), and the relay does not know how much the server's disk can take`,
    hint: "Set RELAY_WAL_BUDGET to what pg_wal may hold, and the relay tells when it will be used up; or let Postgres give up the slot before its disk is full: ALTER SYSTEM SET max_slot_wal_keep_size = '50GB'; and select pg_reload_conf();",
  };
}

function idleTimeoutFinding({ idleSlotTimeoutSeconds }: ServerFacts): Finding | null {
  if (idleSlotTimeoutSeconds === null || idleSlotTimeoutSeconds <= 0) return null;
  return {
    code: "CONFIG_SLOT_IDLE_TIMEOUT",
    severity: "warning",
    message: `idle_replication_slot_timeout is ${idleSlotTimeoutSeconds} s: a relay that is stopped for longer loses its slot, with the events in it`,
    hint: "Turn it off, or make it longer than any stop you plan for: ALTER SYSTEM SET idle_replication_slot_timeout = 0; and select pg_reload_conf();",
    sql: ["ALTER SYSTEM SET idle_replication_slot_timeout = 0;", "SELECT pg_reload_conf();"],
  };
}
