import type { Dice } from "./dice.ts";
import type { BrokerChoice, Fault, FaultName, Lane, Reach, Slowness } from "./fault.ts";

/** One kind of fault in a lane's deck. */
export interface FaultCard {
  readonly name: FaultName;
  readonly lane: Lane;
  /** How many of it are in a deck. */
  readonly copies: number;
  /** How long it takes, about, until the relay is back: the lane's next one comes after that. */
  readonly spanMs: number;
  draw(dice: Dice, brokers: number): Fault;
}

const MOMENTS = [
  { moment: "begin-decoded", countMax: 40 },
  { moment: "stream-started", countMax: 1 },
  { moment: "fenced", countMax: 1 },
  { moment: "barrier-committed", countMax: 1 },
  { moment: "produce-sent", countMax: 20 },
  { moment: "produce-answered", countMax: 20 },
  { moment: "produce-acked", countMax: 15 },
  { moment: "end-sent", countMax: 15 },
  { moment: "end-acked", countMax: 15 },
  { moment: "batch-split", countMax: 3 },
  { moment: "batch-settled", countMax: 15 },
  { moment: "status-sent", countMax: 5 },
] as const;

const reach = (dice: Dice): Reach => dice.pick(["leader", "all"]);

const anyBroker = (dice: Dice, brokers: number): BrokerChoice =>
  dice.chance(0.3) ? "all" : dice.whole(0, brokers - 1);

const slowness = (dice: Dice): Slowness => ({
  delayMs: dice.whole(5, 250),
  bytesPerSecond: dice.whole(50, 2_000) * 1_000,
});

const cutAfter = (dice: Dice, side: "postgres" | "kafka"): Fault => ({
  name: "cut-after",
  side,
  direction: dice.pick(["to-server", "to-client"]),
  bytes: dice.whole(1, dice.pick([200, 5_000, 50_000])),
  holdMs: 4_000,
});

function card(
  lane: Lane,
  name: FaultName,
  [copies, spanMs]: readonly [number, number],
  draw: FaultCard["draw"],
): FaultCard {
  return { name, lane, copies, spanMs, draw };
}

/** Copies and spans are such that an hour holds 300 kills, 50 freezes, 100 cuts a side, 20 restarts of each server. */
export const FAULT_CARDS: readonly FaultCard[] = [
  card("relay", "kill", [12, 4_500], () => ({ name: "kill" })),
  card("relay", "failpoint", [3, 10_000], (dice) => {
    const { moment, countMax } = dice.pick(MOMENTS);
    return { name: "failpoint", moment, count: dice.whole(1, countMax) };
  }),
  card("relay", "freeze", [3, 10_000], (dice) => ({
    name: "freeze",
    holdMs: dice.whole(0, 2_000),
  })),
  card("postgres", "cut-postgres", [6, 5_000], (dice) => ({
    name: "cut-postgres",
    reach: reach(dice),
  })),
  card("postgres", "blackhole-postgres", [1, 9_000], (dice) => ({
    name: "blackhole-postgres",
    reach: reach(dice),
    holdMs: dice.whole(500, 6_000),
  })),
  card("postgres", "slow-postgres", [2, 8_000], (dice) => ({
    name: "slow-postgres",
    reach: reach(dice),
    holdMs: dice.whole(1_000, 5_000),
    ...slowness(dice),
  })),
  card("postgres", "cut-after", [2, 5_000], (dice) => cutAfter(dice, "postgres")),
  card("postgres", "terminate-walsender", [2, 5_000], () => ({ name: "terminate-walsender" })),
  card("postgres", "restart-postgres", [1, 10_000], (dice) => ({
    name: "restart-postgres",
    holdMs: dice.whole(0, 1_500),
  })),
  card("postgres", "crash-postgres", [1, 10_000], (dice) => ({
    name: "crash-postgres",
    holdMs: dice.whole(0, 1_500),
  })),
  card("kafka", "cut-kafka", [6, 5_000], (dice, brokers) => ({
    name: "cut-kafka",
    broker: anyBroker(dice, brokers),
  })),
  card("kafka", "blackhole-kafka", [1, 10_000], (dice, brokers) => ({
    name: "blackhole-kafka",
    broker: anyBroker(dice, brokers),
    holdMs: dice.whole(500, 6_000),
  })),
  card("kafka", "slow-kafka", [2, 8_000], (dice, brokers) => ({
    name: "slow-kafka",
    broker: anyBroker(dice, brokers),
    holdMs: dice.whole(1_000, 5_000),
    ...slowness(dice),
  })),
  card("kafka", "drop-kafka-answers", [1, 8_000], (dice, brokers) => ({
    name: "drop-kafka-answers",
    broker: anyBroker(dice, brokers),
    holdMs: dice.whole(300, 4_000),
  })),
  card("kafka", "cut-after", [2, 5_000], (dice) => cutAfter(dice, "kafka")),
  ...(["kill-broker", "restart-broker", "freeze-broker"] as const).map((name) =>
    card("kafka", name, [1, 14_000], (dice, brokers) => ({
      name,
      broker: dice.whole(0, brokers - 1),
      holdMs: dice.whole(500, 5_000),
    })),
  ),
  card("calm", "calm", [1, 60_000], (dice) => ({ name: "calm", holdMs: dice.whole(5_000, 8_000) })),
];

export const FAULT_NAMES: readonly FaultName[] = [...new Set(FAULT_CARDS.map(({ name }) => name))];
