import { describe, expect, it } from "@jest/globals";
import type { WorldName } from "../../mutants/sound-worlds.ts";
import { alarmOfSoundWorlds } from "../../mutants/sound-worlds.ts";

const WORLD: WorldName = { isHostile: false, seed: 7 };

describe("the worlds that noticed a mutant", () => {
  it("are run once each without it, and one that is alarmed all the same is told", async () => {
    const run: WorldName[] = [];
    const worlds = [WORLD, { ...WORLD, seed: 8 }, WORLD, { isHostile: true, seed: 7 }];
    const alarm = await alarmOfSoundWorlds(worlds, (world) => {
      run.push(world);
      const violations = world.isHostile ? [{ letter: "L", text: "row r1 is lost" } as const] : [];
      return Promise.resolve({ violations });
    });
    expect(run).toEqual([WORLD, { ...WORLD, seed: 8 }, { isHostile: true, seed: 7 }]);
    expect(alarm).toBe("seed 7: L: row r1 is lost");
  });

  it("are content with the source as it is, both those of the simulation and hostile ones", async () => {
    expect(await alarmOfSoundWorlds([WORLD, { isHostile: true, seed: 1 }])).toBeNull();
  });
});
