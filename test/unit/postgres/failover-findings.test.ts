import { describe, expect, it } from "@jest/globals";
import type { FailoverFacts } from "../../../src/postgres/preflight/failover-facts.ts";
import type { FailoverExpectations } from "../../../src/postgres/preflight/failover-findings.ts";
import {
  failoverFindings,
  failoverGap,
} from "../../../src/postgres/preflight/failover-findings.ts";

/** A primary of version 18 that stands alone, with a slot of `auto`. */
function alone(facts: Partial<FailoverFacts> = {}): FailoverFacts {
  return {
    version: 180004,
    isInRecovery: false,
    isFailoverSlot: true,
    awaitedSlots: [],
    physicalSlots: [],
    standbysConnected: 0,
    ...facts,
  };
}

/** The same with a standby on the slot `sb1`. */
function paired(facts: Partial<FailoverFacts> = {}): FailoverFacts {
  const physicalSlots = [{ name: "sb1", active: true, isLost: false }];
  return alone({ physicalSlots, standbysConnected: 1, ...facts });
}

function seen(facts: FailoverFacts, failover: FailoverExpectations["failover"] = "auto"): string[] {
  return failoverFindings(facts, { slot: "billing", database: "shop", failover }).map(
    ({ severity, code, message, hint }) => `${severity} ${code} ${message} | ${hint}`,
  );
}

const COMMAND = `psql "dbname=shop replication=database" -c 'ALTER_REPLICATION_SLOT billing (FAILOVER true)'`;

describe("a server without a standby", () => {
  it("is no reason to warn, of whatever version and with whatever slot", () => {
    expect(seen(alone())).toEqual([]);
    expect(seen(alone({ isFailoverSlot: false }))).toEqual([]);
    expect(seen(alone({ isFailoverSlot: null }))).toEqual([]);
    expect(seen(alone({ version: 150000, isFailoverSlot: null }))).toEqual([]);
    const old = { name: "gone", active: false, isLost: false };
    expect(seen(alone({ physicalSlots: [old] }))).toEqual([]);
  });
});

describe("a slot without failover", () => {
  it("is warned of where there is a standby, with the command that changes it", () => {
    const [warning] = seen(paired({ isFailoverSlot: false }));
    expect(warning).toMatch(/^warning CONFIG_SLOT_FAILOVER slot "billing" was made without/);
    expect(warning).toContain(COMMAND);
  });

  it("is refused where it was asked for, standby or not, with the same command", () => {
    const [fault] = seen(alone({ isFailoverSlot: false }), true);
    expect(fault).toMatch(/^halt CONFIG_SLOT slot "billing" was made without failover/);
    expect(fault).toContain(COMMAND);
  });

  it("is what was wanted with false", () => {
    expect(seen(paired({ isFailoverSlot: false }), false)).toEqual([]);
  });

  it("cannot be had before Postgres 17, which is said only to those who want it", () => {
    const old = paired({ version: 160009, isFailoverSlot: null });
    expect(seen(old)).toEqual([]);
    expect(seen(old, true)[0]).toMatch(/^halt CONFIG_SLOT .* Postgres 16 cannot/);
  });
});

describe("a failover slot", () => {
  it("is warned of where a standby may not have what is published, with the slot's name to set", () => {
    const [warning] = seen(paired());
    expect(warning).toMatch(/^warning CONFIG_STANDBY_SLOTS synchronized_standby_slots is empty/);
    expect(warning).toContain("synchronized_standby_slots = 'sb1'");
    expect(seen(paired({ physicalSlots: [] }))[0]).toContain("primary_slot_name");
  });

  it("is warned of when it waits for a slot that is missing, lost or not in use, each by name", () => {
    const physicalSlots = [
      { name: "sb1", active: true, isLost: false },
      { name: "sb2", active: false, isLost: false },
      { name: "sb3", active: false, isLost: true },
    ];
    const awaitedSlots = ["sb1", "sb2", "sb3", "sb4"];
    const [warning, ...others] = seen(paired({ physicalSlots, awaitedSlots }));
    expect(others).toEqual([]);
    expect(warning).toMatch(
      /slot "sb2", which no standby uses, slot "sb3", which is lost, slot "sb4", which does not exist: until then/,
    );
  });

  it("that is still to be made is looked at the same way", () => {
    expect(seen(alone({ isFailoverSlot: null, awaitedSlots: ["sb1"] }))).toHaveLength(1);
    expect(seen(alone({ isFailoverSlot: null, awaitedSlots: ["sb1"] }), false)).toEqual([]);
  });

  it("has nothing said of it on a standby: that is refused for what it is", () => {
    expect(seen(paired({ isInRecovery: true }), true)).toEqual([]);
  });
});

describe("what a failover would cost", () => {
  it("is nothing with a failover slot and standbys that are waited for", () => {
    expect(failoverGap(paired({ awaitedSlots: ["sb1"] }), "billing")).toBeNull();
  });

  it("is told by its first reason otherwise", () => {
    const reasons = [
      paired({ isInRecovery: true }),
      paired({ version: 160000, isFailoverSlot: null }),
      paired({ isFailoverSlot: false }),
      alone(),
      paired(),
      paired({ awaitedSlots: ["sb1", "sb9"] }),
    ].map((facts) => failoverGap(facts, "billing"));
    expect(reasons).toEqual([
      "the server is a standby itself",
      "Postgres 16 does not copy slots to standbys; 17 does",
      'slot "billing" was made without failover',
      "no standby is connected",
      "synchronized_standby_slots is empty",
      'synchronized_standby_slots waits for slot "sb9", which does not exist',
    ]);
  });
});
