import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import type { FaultName, PlannedFault } from "../../../chaos/prove/plan/fault.ts";
import { FAULT_NAMES } from "../../../chaos/prove/plan/fault-cards.ts";
import type { PlanOptions } from "../../../chaos/prove/plan/plan.ts";
import { planFaults, relaySettings } from "../../../chaos/prove/plan/plan.ts";

const HOUR: PlanOptions = { seed: 1, minutes: 60, brokers: 3, faults: FAULT_NAMES };

function count(plan: readonly PlannedFault[], ...names: FaultName[]): number {
  return plan.filter(({ fault }) => names.includes(fault.name)).length;
}

describe("a plan of faults", () => {
  it("is the same for the same seed, and another for another", () => {
    fc.assert(
      fc.property(fc.nat(), fc.constantFrom(1 as const, 3 as const), (seed, brokers) => {
        const options = { ...HOUR, minutes: 3, seed, brokers };
        expect(planFaults(options)).toEqual(planFaults(options));
        expect(planFaults(options)).not.toEqual(planFaults({ ...options, seed: seed + 1 }));
      }),
      { numRuns: 20 },
    );
  });

  it("of an hour holds enough of each kind, whatever the seed", () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const plan = planFaults({ ...HOUR, seed });
        const cutsAfter = (lane: string): number =>
          plan.filter((one) => one.lane === lane && one.fault.name === "cut-after").length;
        // A failpoint takes three: the standby that it replaces, the leader, and itself.
        const kills = count(plan, "kill") + 3 * count(plan, "failpoint");
        expect(kills).toBeGreaterThanOrEqual(450);
        expect(count(plan, "freeze")).toBeGreaterThanOrEqual(70);
        expect(count(plan, "cut-postgres") + cutsAfter("postgres")).toBeGreaterThanOrEqual(150);
        expect(count(plan, "cut-kafka") + cutsAfter("kafka")).toBeGreaterThanOrEqual(150);
        expect(count(plan, "kill-broker")).toBeGreaterThanOrEqual(24);
        expect(count(plan, "restart-postgres", "crash-postgres")).toBeGreaterThanOrEqual(40);
        expect(count(plan, "calm")).toBeGreaterThanOrEqual(30);
      }),
      { numRuns: 20 },
    );
  });

  it("holds only what was asked for, in order of time and within the run", () => {
    const plan = planFaults({ ...HOUR, faults: ["cut-after", "kill-broker"] });
    expect(new Set(plan.map(({ fault }) => fault.name))).toEqual(
      new Set(["cut-after", "kill-broker"]),
    );
    const times = plan.map(({ atMs }) => atMs);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(times.every((atMs) => atMs > 0 && atMs < 3_600_000)).toBe(true);
  });

  it("names no broker that is not there", () => {
    const brokers = planFaults({ ...HOUR, brokers: 1 }).map(({ fault }) =>
      "broker" in fault ? fault.broker : 0,
    );
    expect(new Set(brokers)).toEqual(new Set([0, "all"]));
  });
});

describe("the settings of relays", () => {
  it("follow from the seed and differ between relays", () => {
    expect(relaySettings(3, 4)).toEqual(relaySettings(3, 4));
    const batches = Array.from(
      { length: 50 },
      (_, i) => relaySettings(3, i)["RELAY_BATCH_MAX_EVENTS"],
    );
    expect(new Set(batches).size).toBe(4);
  });
});
