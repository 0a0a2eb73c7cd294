import type { Check } from "../../relay/check.ts";
import type { Finding } from "../../relay/finding.ts";
import { formatLsn } from "../../relay/lsn.ts";
import type { OpenWriter } from "../oldest-transaction.ts";
import { writerHint, writerText } from "../oldest-transaction.ts";
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
  readonly oldest: OpenWriter | null;
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
      seen: oldest === null ? "none that has written" : `the oldest is ${writerText(oldest)}`,
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

/** Where the role may not see when it began, the relay itself counts from its first look; doctor looks once. */
function heldFinding(oldest: OpenWriter | null, afterSeconds: number): Finding | null {
  const seconds = oldest?.openSeconds ?? null;
  if (oldest === null || seconds === null || afterSeconds === 0 || seconds < afterSeconds)
    return null;
  return {
    code: "SLOT_HELD_BACK",
    severity: "warning",
    message: `${writerText(oldest)}, has written: until it ends no WAL is given back`,
    hint: writerHint(oldest),
  };
}
