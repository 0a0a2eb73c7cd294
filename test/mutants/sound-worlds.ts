import { runHostile } from "../simulation/hostile/run-hostile.ts";
import type { WorldResult } from "../simulation/world/run-world.ts";
import { runWorld } from "../simulation/world/run-world.ts";

/** A simulated world, by its seed. */
export interface WorldName {
  readonly isHostile: boolean;
  readonly seed: number;
}

type RunNamed = (world: WorldName) => Promise<Pick<WorldResult, "violations">>;

/** Runs worlds, each once, on sound source; what the first one says that is not content, or null. */
export async function alarmOfSoundWorlds(
  worlds: readonly WorldName[],
  run: RunNamed = runNamed,
): Promise<string | null> {
  const distinct = new Map(worlds.map((world) => [`${world.isHostile} ${world.seed}`, world]));
  for (const world of distinct.values()) {
    const [first] = (await run(world)).violations;
    if (first !== undefined) return `seed ${world.seed}: ${first.letter}: ${first.text}`;
  }
  return null;
}

/** As the campaign runs it without a choice of faults. */
function runNamed({ isHostile, seed }: WorldName): Promise<WorldResult> {
  return isHostile ? runHostile(seed) : runWorld(seed, { only: [] });
}
