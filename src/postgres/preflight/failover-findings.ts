import type { Finding } from "../../relay/finding.ts";
import type { FailoverFacts } from "./failover-facts.ts";

export const FAILOVER_VERSION_MIN = 170000;

export interface FailoverExpectations {
  readonly slot: string;
  /** Of the session, where the slot lives. */
  readonly database: string;
  /** RELAY_SLOT_FAILOVER. */
  readonly failover: boolean | "auto";
}

/**
 * Why the slot, or what was published from it, would not outlive a failover; null when both would. Whether the standby does copy slots
 * (`sync_replication_slots`) can only be seen there.
 */
export function failoverGap(facts: FailoverFacts, slot: string): string | null {
  if (facts.isInRecovery) return "the server is a standby itself";
  if (facts.version < FAILOVER_VERSION_MIN) {
    return `Postgres ${Math.trunc(facts.version / 10_000)} does not copy slots to standbys; 17 does`;
  }
  if (facts.isFailoverSlot !== true) return `slot "${slot}" was made without failover`;
  if (!hasStandby(facts)) return "no standby is connected";
  if (facts.awaitedSlots.length === 0) return "synchronized_standby_slots is empty";
  const missed = missedSlots(facts);
  return missed.length === 0 ? null : `synchronized_standby_slots waits for ${missed.join(", ")}`;
}

/** Silent on a server that stands alone: there, nobody could do anything about it. */
export function failoverFindings(facts: FailoverFacts, expected: FailoverExpectations): Finding[] {
  if (facts.isInRecovery) return [];
  return [versionFinding(facts, expected), ...slotFindings(facts, expected)].filter(
    (finding) => finding !== null,
  );
}

function versionFinding(
  { version }: FailoverFacts,
  { failover }: FailoverExpectations,
): Finding | null {
  if (failover !== true || version >= FAILOVER_VERSION_MIN) return null;
  return {
    code: "CONFIG_SLOT",
    severity: "halt",
    message: `RELAY_SLOT_FAILOVER is true, and Postgres ${Math.trunc(version / 10_000)} cannot fail slots over; 17 can`,
    hint: "Set RELAY_SLOT_FAILOVER=auto or false, or upgrade Postgres.",
  };
}

function slotFindings(
  facts: FailoverFacts,
  expected: FailoverExpectations,
): readonly (Finding | null)[] {
  if (facts.version < FAILOVER_VERSION_MIN) return [];
  const isFailover = facts.isFailoverSlot ?? expected.failover !== false;
  if (!isFailover) return [plainSlotFinding(facts, expected)];
  return [stallFinding(facts), aheadFinding(facts, expected)];
}

function plainSlotFinding(facts: FailoverFacts, expected: FailoverExpectations): Finding | null {
  const { slot, database, failover } = expected;
  if (failover === false) return null;
  const command = `psql "dbname=${database} replication=database" -c 'ALTER_REPLICATION_SLOT ${slot} (FAILOVER true)'`;
  if (failover === true) {
    return {
      code: "CONFIG_SLOT",
      severity: "halt",
      message: `slot "${slot}" was made without failover, and RELAY_SLOT_FAILOVER is true`,
      hint: `Now that no relay has the slot, run: ${command}; the relay goes on by itself. Or set RELAY_SLOT_FAILOVER=auto.`,
    };
  }
  if (!hasStandby(facts)) return null;
  return {
    code: "CONFIG_SLOT_FAILOVER",
    severity: "warning",
    message: `slot "${slot}" was made without failover: a standby that takes over will not have it`,
    hint: `Stop every relay of the slot and run: ${command}; or say with RELAY_SLOT_FAILOVER=false that this is as it should be.`,
  };
}

/** Postgres sends nothing from a failover slot before the awaited standbys have the WAL. */
function stallFinding(facts: FailoverFacts): Finding | null {
  const missed = missedSlots(facts);
  if (missed.length === 0) return null;
  return {
    code: "CONFIG_STANDBY_SLOTS",
    severity: "warning",
    message: `synchronized_standby_slots waits for ${missed.join(", ")}: until then Postgres sends no events`,
    hint: "Start the standby with that primary_slot_name, or take the name out: ALTER SYSTEM SET synchronized_standby_slots = '...'; and select pg_reload_conf();",
  };
}

function aheadFinding(facts: FailoverFacts, { slot }: FailoverExpectations): Finding | null {
  if (facts.awaitedSlots.length > 0 || !hasStandby(facts)) return null;
  const active = facts.physicalSlots.filter((physical) => physical.active);
  const names = active.map(({ name }) => name).join(",");
  const first =
    active.length === 0 ? "Give the standby a slot (primary_slot_name), then name it: " : "";
  return {
    code: "CONFIG_STANDBY_SLOTS",
    severity: "warning",
    message: `synchronized_standby_slots is empty: events of slot "${slot}" may be published before a standby has them, and be unknown to it when it takes over`,
    hint: `${first}ALTER SYSTEM SET synchronized_standby_slots = '${names === "" ? "..." : names}'; and select pg_reload_conf(); the outbox then waits whenever that standby is away.`,
  };
}

/** An inactive physical slot may be of a standby that is long gone, so it is no evidence. */
function hasStandby({ physicalSlots, standbysConnected }: FailoverFacts): boolean {
  return standbysConnected > 0 || physicalSlots.some(({ active }) => active);
}

function missedSlots({ awaitedSlots, physicalSlots }: FailoverFacts): string[] {
  return awaitedSlots.flatMap((name) => {
    const found = physicalSlots.find((slot) => slot.name === name);
    if (found === undefined) return [`slot "${name}", which does not exist`];
    if (found.isLost) return [`slot "${name}", which is lost`];
    return found.active ? [] : [`slot "${name}", which no standby uses`];
  });
}
