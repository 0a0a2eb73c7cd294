import type { OpenTransaction } from "../../relay/capture/source-database.ts";
import type { Check } from "../../relay/check.ts";
import type { Finding } from "../../relay/finding.ts";
import { formatLsn } from "../../relay/lsn.ts";
import type { ServerFacts } from "../preflight/facts.ts";
import type { FailoverFacts } from "../preflight/failover-facts.ts";
import type { FailoverExpectations } from "../preflight/failover-findings.ts";
import { failoverFindings, failoverGap } from "../preflight/failover-findings.ts";
import { walFindings } from "../preflight/wal-findings.ts";
import type { SlotRow } from "../slot-row.ts";
import { slotFault } from "../slot-row.ts";
import { check } from "./question.ts";

const MIB = 1024 ** 2;

export interface SlotView {
  readonly server: ServerFacts;
  readonly slot: SlotRow | null;
  readonly failover: FailoverFacts;
  /** The oldest transaction that has written something; null when there is none. */
  readonly oldest: OpenTransaction | null;
}

export interface SlotExpectations extends FailoverExpectations {
  /** RELAY_SLOT_CREATE lets the relay make it. */
  readonly mayCreate: boolean;
  readonly walBudgetBytes: number;
  /** RELAY_WAL_HELD_WARN_AFTER, seconds; 0: never. */
  readonly heldWarnAfterSeconds: number;
}

/** The slot, what it holds, and whether it would outlive a failover. */
export function slotChecks(view: SlotView, expected: SlotExpectations): Check[] {
  const { server, slot, failover, oldest } = view;
  return [
    check("slot", "it keeps the WAL from the last confirmed row on, and lets one relay in", {
      seen: slotText(slot, expected),
      findings: [slotFinding(slot, expected)],
    }),
    check(
      "retained WAL",
      "what the slot holds fills the server's disk, or is given up with the slot",
      {
        seen: retainedText(server, slot),
        findings: walFindings(server, slot, expected.walBudgetBytes),
      },
    ),
    check("open transactions", "the slot keeps all WAL from the oldest one on", {
      seen: oldest === null ? "none that has written" : `the oldest ${openText(oldest)}`,
      findings: [heldFinding(oldest, expected.heldWarnAfterSeconds)],
    }),
    check("failover", "a promoted standby must know the slot and the rows that were published", {
      seen:
        slot === null
          ? "no slot yet"
          : (failoverGap(failover, expected.slot) ?? "slot and rows outlive a failover"),
      findings: failoverFindings(failover, expected),
    }),
  ];
}

function slotText(slot: SlotRow | null, { slot: name, mayCreate }: SlotExpectations): string {
  if (slot === null) {
    return mayCreate ? `"${name}" is not there; the relay makes it` : `"${name}" is not there`;
  }
  const holder = slot.activePid === null ? "free" : `in use by process ${slot.activePid}`;
  const confirmed = slot.confirmedLsn === null ? "nothing" : formatLsn(slot.confirmedLsn);
  return `"${name}" is ${holder}, confirmed ${confirmed}`;
}

function slotFinding(slot: SlotRow | null, expected: SlotExpectations): Finding | null {
  if (slot !== null) {
    const fault = slotFault(slot);
    return fault === null ? null : { ...fault, severity: "halt" };
  }
  if (expected.mayCreate) return null;
  return {
    code: "CONFIG_SLOT",
    severity: "halt",
    message: `slot "${expected.slot}" does not exist, and RELAY_SLOT_CREATE is never`,
    hint: "Run outbox-relay slot create, or set RELAY_SLOT_CREATE=if-missing.",
  };
}

function retainedText({ slotWalKeepMib }: ServerFacts, slot: SlotRow | null): string {
  const limit = slotWalKeepMib < 0 ? "no limit" : `at most ${slotWalKeepMib} MiB`;
  const held = slot?.retainedBytes ?? null;
  return `${held === null ? "nothing" : `${Math.ceil(held / MIB)} MiB`} held, ${limit} (max_slot_wal_keep_size)`;
}

function openText({ pid, gid, openSeconds }: OpenTransaction): string {
  const who = pid === null ? `is prepared as "${gid ?? ""}"` : `is of process ${pid}`;
  return openSeconds === null ? who : `${who}, open for ${Math.round(openSeconds)} s`;
}

function heldFinding(oldest: OpenTransaction | null, afterSeconds: number): Finding | null {
  const seconds = oldest?.openSeconds ?? null;
  if (oldest === null || seconds === null || afterSeconds === 0 || seconds < afterSeconds)
    return null;
  const end =
    oldest.pid === null
      ? `COMMIT PREPARED or ROLLBACK PREPARED '${oldest.gid ?? ""}';`
      : `SELECT pg_terminate_backend(${oldest.pid});`;
  return {
    code: "SLOT_HELD_BACK",
    severity: "warning",
    message: `a transaction that has written ${openText(oldest)}: until it ends no WAL is given back`,
    hint: `See what it does (select * from pg_stat_activity where backend_xid is not null order by xact_start;), and end it if nobody needs it: ${end}`,
  };
}
