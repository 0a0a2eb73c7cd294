import { describe, expect, it } from "@jest/globals";
import { API_NAMES } from "../../../src/kafka/api/names.ts";
import type { Hostility } from "../../support/brokers/hostile/hostility.ts";
import { INT32_MAX } from "../../support/brokers/hostile/hostility.ts";
import type { WorldPlan } from "../world/plan.ts";
import { runHostile } from "./run-hostile.ts";

const WORLDS_MAX = 20;
const EPISODES = 3;
const API_ADD_PARTITIONS = 24;
/** Of no version of the protocol yet: nobody waits for what it may mean. */
const UNKNOWN_CODE = 32_000;
const DEADLINE_MS = 120_000;

const LASTING: Omit<Hostility, "apiKey" | "kind"> = {
  code: UNKNOWN_CODE,
  isApplied: false,
  isEverywhere: true,
  share: 1,
  throttleMs: INT32_MAX,
};

/** A relay that sends each of the requests: three ids, and the protocol that has it. */
function planFor(apiKey: number): Partial<WorldPlan> {
  const protocol = apiKey === API_ADD_PARTITIONS ? "v1" : "v2";
  return { delivery: "exactly-once", protocol, transactionalIds: [3], markerDelayMsMax: 3 };
}

const APIS = Object.entries(API_NAMES).map(([key, name]) => [name, Number(key)] as const);

describe.each(APIS)("while brokers never answer %s as they should", (_, apiKey) => {
  it.each(["hang-up", "silence", "code", "less", "throttle"] as const)(
    "the relay serves all the same or names it within a minute, and ends when it is asked to: %s",
    async (kind) => {
      const hostility = { ...LASTING, apiKey, kind };
      let met = 0;
      // Some requests are sent in an opening only, and not each world has one.
      for (let seed = 1; met === 0 && seed <= WORLDS_MAX; seed++) {
        const { violations, tally } = await runHostile(seed, {
          faults: EPISODES,
          episode: { hostility, duration: "lasting" },
          plan: planFor(apiKey),
        });
        expect({ seed, violations }).toEqual({ seed, violations: [] });
        met += tally.met;
      }
      expect(met).toBeGreaterThan(0);
    },
    DEADLINE_MS,
  );
});
