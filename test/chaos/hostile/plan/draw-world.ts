import { Dice } from "../../prove/plan/dice.ts";
import type {
  Duration,
  Ending,
  Episode,
  Hostility,
  MiddleKind,
  Unsettling,
  WorldPlan,
} from "./world-plan.ts";
import { CREATE_TOPICS, REQUEST_NAMES } from "./world-plan.ts";

const APIS = Object.keys(REQUEST_NAMES).map(Number);
/** Codes of the protocol go from -1 to 133; the last one is of no version yet. */
const CODES: readonly number[] = [
  -1,
  ...Array.from({ length: 133 }, (_, place) => place + 1),
  32_000,
];
/** Those that brokers answer while they are in trouble, and that loops wait for. */
const COMMON = [3, 5, 6, 7, 14, 15, 16, 19, 20, 29, 47, 48, 51, 53, 56, 90];
/** Means that the batch is there: a broker that says it without having it lies, and nobody can notice. */
const DUPLICATE_SEQUENCE_NUMBER = 46;
const KINDS: readonly MiddleKind[] = [
  ...Array.from({ length: 14 }, () => "code" as const),
  "hang-up",
  "hang-up",
  "silence",
  "late",
  "held",
  "torn",
  "less",
  "more",
  "throttle",
  "empty",
];
const API_PRODUCE = 0;
/** Requests that a relay sends all the time: Produce, Metadata, AddPartitionsToTxn, EndTxn, CreateTopics for new topics. */
const WHILE_STREAMING: ReadonlySet<number> = new Set([API_PRODUCE, 3, 24, 26, CREATE_TOPICS]);
const SHAKEN: readonly Unsettling[] = ["cut", "cut", "restart", "kill"];
const ANY_UNSETTLING: readonly Unsettling[] = ["none", ...SHAKEN];
const DURATIONS: readonly Duration[] = ["once", "a-while", "lasting"];
const ENDINGS: readonly Ending[] = ["stop", "kill", "stall", "elsewhere", "none"];

/** World `number` of a seed: the same plan for the same two numbers, whatever ran before. */
export function drawWorld(seed: number, number: number): WorldPlan {
  const dice = new Dice(seed, "hostile", number);
  const world = {
    seed,
    number,
    isApart: dice.chance(0.15),
    isHostileFirst: dice.chance(0.3),
    delivery: dice.chance(0.25) ? ("at-least-once" as const) : ("exactly-once" as const),
    protocol: dice.chance(0.25) ? ("v1" as const) : ("auto" as const),
    transactionalIds: dice.pick([1, 2, 3, 3]),
    batchEvents: dice.pick([1, 5, 100, 16_000]),
    requestTimeoutMs: dice.pick([2_000, 3_000, 10_000]),
    createsTopics: dice.chance(0.3),
  };
  const count = dice.whole(2, 5);
  return {
    ...world,
    episodes: Array.from({ length: count }, (_, place) => drawEpisode(dice, world, place)),
  };
}

type World = Pick<WorldPlan, "requestTimeoutMs" | "createsTopics" | "isHostileFirst">;

function drawEpisode(dice: Dice, world: World, place: number): Episode {
  const duration = dice.pick(DURATIONS);
  const count = dice.chance(0.15) ? 2 : 1;
  // Otherwise no topic is missing.
  const makesTopics = world.createsTopics || (world.isHostileFirst && place === 0);
  const apis = APIS.filter((apiKey) => makesTopics || apiKey !== CREATE_TOPICS);
  const hostilities = Array.from({ length: count }, () =>
    drawHostility(dice, duration, dice.pick(apis), world),
  );
  const isAtRest = hostilities.every(({ apiKey }) => !WHILE_STREAMING.has(apiKey));
  return {
    hostilities,
    duration,
    forMs: dice.whole(200, 4_000),
    unsettling: dice.pick(isAtRest ? SHAKEN : ANY_UNSETTLING),
    ending: dice.pick(ENDINGS),
    countsRequests: dice.chance(0.2),
    isSettled: dice.chance(0.5),
  };
}

function drawHostility(
  dice: Dice,
  duration: Duration,
  apiKey: number,
  { requestTimeoutMs }: World,
): Hostility {
  const code = dice.pick(dice.chance(0.4) ? COMMON : CODES);
  const kind = dice.pick(KINDS);
  const isLie = apiKey === API_PRODUCE && code === DUPLICATE_SEQUENCE_NUMBER;
  return {
    apiKey,
    kind: isLie && kind === "code" ? "hang-up" : kind,
    code,
    isApplied: dice.chance(0.5),
    isEverywhere: dice.chance(0.7),
    share: duration === "once" ? 1 : dice.pick([0.2, 1, 1]),
    delayMs: Math.round(requestTimeoutMs * dice.pick([0.3, 0.9, 1.2, 2.5])),
  };
}
