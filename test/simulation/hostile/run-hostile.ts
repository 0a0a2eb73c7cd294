import type { RunOptions, WorldResult } from "../world/run-world.ts";
import { World } from "../world/world.ts";
import type { Episode } from "./draw-hostility.ts";
import { drawEpisode } from "./draw-hostility.ts";
import { HostileNemesis } from "./hostile-nemesis.ts";
import type { HostileTally } from "./tally.ts";

const EPISODES = 8;
/** Every so many worlds answers are waited for as long as they are by default: longer than the bounds of an end. */
const PATIENT_EVERY = 3;
const PATIENT_MS = 10_000;

export interface HostileResult extends WorldResult {
  readonly tally: HostileTally;
}

export interface HostileOptions extends RunOptions {
  /** What brokers do each time; drawn unless given. */
  readonly episode?: Episode;
}

/** One world with hostile brokers from its seed to its verdict. */
export async function runHostile(
  seed: number,
  options: HostileOptions = {},
): Promise<HostileResult> {
  // Nothing but brokers keeps these relays from getting on, and two transactions may be aborted at once.
  const fixed = {
    mayHalt: true,
    consumers: "java",
    isSynchronized: false,
    changesCatalog: false,
    hasGap: false,
    createsTopics: true,
  } as const;
  const patient = seed % PATIENT_EVERY === 0 ? { requestTimeoutMs: PATIENT_MS } : {};
  const plan = { ...fixed, ...patient, ...options.plan };
  const world = new World(seed, options.trace ?? null, plan);
  const nemesis = new HostileNemesis(world);
  await world.begin();
  const { violations } = world.oracle;
  const { episode, faults = EPISODES } = options;
  for (let i = 0; i < faults && violations.length === 0; i++)
    await nemesis.strike(episode ?? drawEpisode(world.clock));
  if (violations.length === 0) await world.end();
  return {
    seed,
    violations,
    crashes: world.crashes,
    rows: world.oracle.history.rows.length,
    events: world.clock.events,
    virtualMs: world.clock.monotonicMs(),
    plan: world.plan,
    tally: nemesis.tally,
  };
}
