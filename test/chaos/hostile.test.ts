import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { postgresUrl } from "../support/services.ts";
import { drawWorld } from "./hostile/plan/draw-world.ts";
import { failureText } from "./hostile/report.ts";
import { runWorld } from "./hostile/stage/run-world.ts";
import type { HostileServers } from "./hostile/stage/servers.ts";
import { startServers } from "./hostile/stage/servers.ts";

const START_MS = 180_000;
const WORLD_MS = 300_000;
/** `npm run hostile` draws fresh ones. */
const WORLDS = [
  [1, 0],
  [1, 1],
] as const;

let servers: HostileServers;

beforeAll(async () => {
  servers = await startServers(new AbortController().signal, postgresUrl());
}, START_MS);

afterAll(async () => {
  await servers.stop();
});

describe("with a hostile proxy in front of a real broker", () => {
  it.each(WORLDS)(
    "rows are published once, and causes are named, in seed %d, world %d",
    async (seed, number) => {
      const plan = drawWorld(seed, number);
      const outcome = await runWorld(plan, servers, new AbortController().signal);
      if (outcome.failures.length > 0) throw new Error(failureText(plan, outcome));
      expect(outcome.records).toBeGreaterThan(0);
      expect(outcome.met).toBeGreaterThan(0);
    },
    WORLD_MS,
  );
});
