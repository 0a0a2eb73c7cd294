import { API_NAMES } from "../../../src/kafka/api/names.ts";
import type { HostileKind, Hostility } from "../../support/brokers/hostile/hostility.ts";
import { INT32_MAX } from "../../support/brokers/hostile/hostility.ts";
import type { SimClock } from "../engine/sim-clock.ts";

const APIS = Object.keys(API_NAMES).map(Number);
/** Codes of the protocol go from -1 to 133; the last one is of no version yet. */
const CODES: readonly number[] = [
  -1,
  ...Array.from({ length: 133 }, (_, place) => place + 1),
  32_000,
];
/** Means that the batch is there, so that a broker that says it without having it lies: nobody can notice. */
const DUPLICATE_SEQUENCE_NUMBER = 46;
/** Those that brokers answer while they are in trouble, and that loops wait for. */
const COMMON = [3, 5, 6, 7, 14, 15, 16, 19, 20, 29, 47, 48, 51, 53, 56, 90];
const KINDS: readonly HostileKind[] = [
  ...Array.from({ length: 14 }, () => "code" as const),
  "hang-up",
  "hang-up",
  "silence",
  "less",
  "more",
  "throttle",
];

/** How long brokers are hostile. */
export type Duration = "once" | "a-while" | "lasting";

export interface Episode {
  readonly hostility: Hostility;
  readonly duration: Duration;
}

export function drawEpisode(clock: SimClock): Episode {
  const duration = clock.pick(["once", "a-while", "lasting"] as const);
  const share = duration === "a-while" ? clock.pick([0.2, 1]) : 1;
  const code = clock.pick(clock.chance(0.4) ? COMMON : CODES);
  return {
    duration,
    hostility: {
      apiKey: clock.pick(APIS),
      kind: code === DUPLICATE_SEQUENCE_NUMBER ? "hang-up" : clock.pick(KINDS),
      code,
      isApplied: clock.chance(0.5),
      isEverywhere: clock.chance(0.7),
      share,
      throttleMs: clock.pick([100, 3_000, INT32_MAX]),
    },
  };
}
