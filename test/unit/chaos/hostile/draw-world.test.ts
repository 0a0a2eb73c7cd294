import { describe, expect, it } from "@jest/globals";
import { drawWorld } from "../../../chaos/hostile/plan/draw-world.ts";
import { CREATE_TOPICS, REQUEST_NAMES } from "../../../chaos/hostile/plan/world-plan.ts";

const WORLDS = Array.from({ length: 300 }, (_, number) => drawWorld(5, number));
const HOSTILITIES = WORLDS.flatMap(({ episodes }) => episodes).flatMap((one) => one.hostilities);

describe("worlds that are drawn", () => {
  it("are the same for the same seed and number", () => {
    expect(drawWorld(5, 17)).toEqual(WORLDS[17]);
    expect(drawWorld(6, 17)).not.toEqual(WORLDS[17]);
  });

  it("are hostile to every request of the relay", () => {
    const drawn = new Set(HOSTILITIES.map(({ apiKey }) => apiKey));
    expect([...drawn].toSorted((a, b) => a - b)).toEqual(Object.keys(REQUEST_NAMES).map(Number));
  });

  it("never say that a batch is there which is not: nobody could notice", () => {
    const lies = HOSTILITIES.filter(
      ({ apiKey, kind, code }) => apiKey === 0 && kind === "code" && code === 46,
    );
    expect(lies).toEqual([]);
  });

  it("are hostile to the making of topics only where topics are missing", () => {
    const idle = WORLDS.filter(({ createsTopics }) => !createsTopics).filter(
      ({ episodes, isHostileFirst }) =>
        episodes
          .slice(isHostileFirst ? 1 : 0)
          .some(({ hostilities }) => hostilities.some(({ apiKey }) => apiKey === CREATE_TOPICS)),
    );
    expect(idle).toEqual([]);
  });
});
