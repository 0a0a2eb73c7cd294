import { Dice } from "./dice.ts";
import type { FaultName, Lane, PlannedFault } from "./fault.ts";
import { LANES } from "./fault.ts";
import type { FaultCard } from "./fault-cards.ts";
import { FAULT_CARDS } from "./fault-cards.ts";

export interface PlanOptions {
  readonly seed: number;
  readonly minutes: number;
  readonly brokers: 1 | 3;
  readonly faults: readonly FaultName[];
}

/** The load runs undisturbed for so long at first. */
const FIRST_MS = 4_000;

/** Every fault of a run with its time and parameters, by time; the same for the same options. */
export function planFaults(options: PlanOptions): PlannedFault[] {
  return LANES.flatMap((lane) => planLane(lane, options)).toSorted((a, b) => a.atMs - b.atMs);
}

/** Cards are dealt from shuffled decks, so that each kind comes as often as it has copies. */
function planLane(lane: Lane, options: PlanOptions): PlannedFault[] {
  const { seed, minutes, brokers, faults } = options;
  const deck = FAULT_CARDS.filter((card) => card.lane === lane && faults.includes(card.name));
  if (deck.length === 0) return [];
  const dice = new Dice(seed, "faults", lane);
  const planned: PlannedFault[] = [];
  let atMs = lane === "calm" ? 60_000 : FIRST_MS + dice.whole(0, 2_000);
  for (;;) {
    for (const card of shuffledDeck(deck, dice)) {
      if (atMs >= minutes * 60_000) return planned;
      planned.push({ atMs, lane, fault: card.draw(dice, brokers) });
      atMs += Math.round(card.spanMs * (0.6 + 0.8 * dice.next()));
    }
  }
}

function shuffledDeck(deck: readonly FaultCard[], dice: Dice): FaultCard[] {
  return dice.shuffled(deck.flatMap((card) => Array<FaultCard>(card.copies).fill(card)));
}

/** Settings of the `ordinal`-th relay that is started: each runs a little differently. */
export function relaySettings(seed: number, ordinal: number): Record<string, string> {
  const dice = new Dice(seed, "relay", ordinal);
  return {
    RELAY_BATCH_MAX_EVENTS: dice.pick(["50", "200", "1000", "4000"]),
    RELAY_BATCH_LINGER: dice.pick(["0", "5ms", "20ms"]),
    RELAY_TRANSACTION_PROTOCOL: dice.pick(["auto", "v1"]),
    RELAY_STATUS_INTERVAL: dice.pick(["200ms", "500ms", "1s"]),
    RELAY_CHECKPOINT_INTERVAL: dice.pick(["200ms", "1s", "10s"]),
    RELAY_INSTANCE_ID: `relay-${ordinal}`,
  };
}
