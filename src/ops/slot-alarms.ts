import type { Finding } from "../relay/finding.ts";
import { formatBytes, formatSeconds } from "./amounts.ts";
import type { AgedTransaction, SlotSight } from "./slot-sight.ts";
import type { Sight } from "./steady-alarm.ts";
import { SteadyAlarm } from "./steady-alarm.ts";
import type { WalLimit } from "./wal-budget.ts";

export interface SlotAlarmOptions {
  /** A forecast below it is told; 0 means never. */
  readonly walWarnBeforeMs: number;
  /** A transaction open for longer that holds WAL is told; 0 means never. */
  readonly heldWarnAfterMs: number;
}

export interface AlarmLog {
  warning(finding: Finding): void;
  /** What was warned of under this code has passed. */
  passed(code: Finding["code"], message: string): void;
}

/** One segment of WAL, the least that Postgres keeps or lets go. */
const HELD_BYTES_MIN = 16 * 1024 ** 2;
/** The forecast must be so many times the threshold before all is well again. */
const GOOD_FACTOR = 2;

/** Turns looks at the slot into few log lines: one when it gets dangerous, one when that has passed. */
export class SlotAlarms {
  readonly #options: SlotAlarmOptions;
  readonly #log: AlarmLog;
  readonly #low = new SteadyAlarm();
  readonly #held = new SteadyAlarm();
  #toldXid: string | null = null;

  constructor(options: SlotAlarmOptions, log: AlarmLog) {
    this.#options = options;
    this.#log = log;
  }

  look(sight: SlotSight, nowMs: number): void {
    this.#lookForRoom(sight, nowMs);
    this.#lookForHolder(sight, nowMs);
  }

  #lookForRoom(sight: SlotSight, nowMs: number): void {
    const beforeSeconds = this.#options.walWarnBeforeMs / 1_000;
    const change = this.#low.look(roomSight(sight.exhaustionSeconds, beforeSeconds), nowMs);
    if (change === "raised") this.#log.warning(low(sight));
    if (change === "passed") {
      const { name, retainedBytes } = sight.facts;
      const retained = formatBytes(retainedBytes ?? 0);
      this.#log.passed("SLOT_WAL_LOW", `slot "${name}" has room again: it retains ${retained}`);
    }
  }

  #lookForHolder(sight: SlotSight, nowMs: number): void {
    const { facts, oldestTransaction: oldest } = sight;
    const holds = oldest !== null && this.#holds(sight, oldest);
    const change = this.#held.look(holds ? "bad" : "good", nowMs);
    const isNext = holds && this.#held.isRaised && this.#toldXid !== oldest.xid;
    if (isNext) {
      this.#toldXid = oldest.xid;
      this.#log.warning(heldBack(sight, oldest));
    }
    if (change !== "passed") return;
    this.#toldXid = null;
    this.#log.passed("SLOT_HELD_BACK", `slot "${facts.name}" is no longer held back`);
  }

  #holds(sight: SlotSight, { seconds }: AgedTransaction): boolean {
    const { heldWarnAfterMs } = this.#options;
    const isOld = heldWarnAfterMs > 0 && seconds * 1_000 >= heldWarnAfterMs;
    return isOld && heldBytes(sight) >= HELD_BYTES_MIN;
  }
}

function roomSight(exhaustionSeconds: number | null, beforeSeconds: number): Sight {
  if (exhaustionSeconds === null || beforeSeconds === 0) return "good";
  if (exhaustionSeconds < beforeSeconds) return "bad";
  return exhaustionSeconds < beforeSeconds * GOOD_FACTOR ? "unsure" : "good";
}

/** WAL that is confirmed and retained all the same. */
function heldBytes({ facts }: SlotSight): number {
  return (facts.retainedBytes ?? 0) - (facts.unconfirmedBytes ?? 0);
}

const ENDS: Readonly<Record<WalLimit, { readonly what: string; readonly hint: string }>> = {
  slot: {
    what: "max_slot_wal_keep_size is used up and the slot is lost, with the events in it",
    hint: "Find out what holds the relay up: outbox-relay status. To gain time: ALTER SYSTEM SET max_slot_wal_keep_size = '...'; and select pg_reload_conf();",
  },
  disk: {
    what: "RELAY_WAL_BUDGET is used up, and with it the server's disk",
    hint: "Find out what holds the relay up: outbox-relay status. To gain time, give the server's pg_wal more disk, and raise RELAY_WAL_BUDGET.",
  },
};

function low({ facts, room, growthBytesPerSecond, exhaustionSeconds }: SlotSight): Finding {
  const { what, hint } = ENDS[room?.limit ?? "slot"];
  const growth =
    growthBytesPerSecond !== null && growthBytesPerSecond > 0
      ? `, growing by ${formatBytes(growthBytesPerSecond)}/s`
      : "";
  const when =
    exhaustionSeconds === null || exhaustionSeconds < 1
      ? "any moment now"
      : `in about ${formatSeconds(exhaustionSeconds)}`;
  return {
    code: "SLOT_WAL_LOW",
    severity: "warning",
    message: `slot "${facts.name}" retains ${formatBytes(facts.retainedBytes ?? 0)} of WAL${growth}: ${when} ${what}`,
    hint,
  };
}

function heldBack(sight: SlotSight, { pid, gid, seconds }: AgedTransaction): Finding {
  const held = formatBytes(heldBytes(sight));
  const open = formatSeconds(seconds);
  const who =
    pid === null
      ? `the prepared transaction ${quote(gid ?? "")}, ${open} old`
      : `the transaction of pid ${pid}, open for ${open}`;
  const hint =
    pid === null
      ? `Commit prepared ${quote(gid ?? "")} or rollback prepared ${quote(gid ?? "")}, in the database that pg_prepared_xacts names for it. Events of others are published meanwhile.`
      : `See what it does: select pid, datname, usename, application_name, state, query from pg_stat_activity where pid = ${pid}; and end it if it hangs: select pg_terminate_backend(${pid}); Events of others are published meanwhile.`;
  return {
    code: "SLOT_HELD_BACK",
    severity: "warning",
    message: `slot "${sight.facts.name}" retains ${held} of confirmed WAL for ${who}`,
    hint,
  };
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
