import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { kafkaBrokers } from "../support/services.ts";
import { startShared } from "./schemas/campaign.ts";
import { KEPT_WORLDS } from "./schemas/kept-worlds.ts";
import { failureText } from "./schemas/report.ts";
import type { SharedServers } from "./schemas/stage/run-world.ts";
import { runWorld } from "./schemas/stage/run-world.ts";

let servers: SharedServers & { stop(): Promise<void> };

beforeAll(async () => {
  servers = await startShared([14, 18], new AbortController().signal, kafkaBrokers());
});

afterAll(async () => {
  await servers.stop();
});

describe("a world that failed once", () => {
  it.each(KEPT_WORLDS)(
    "$name: each row is published once and right, or a person is asked",
    async ({ plan }) => {
      const outcome = await runWorld(plan, servers);
      if (outcome.failures.length > 0) throw new Error(failureText(plan, outcome));
      expect(outcome.records).toBeGreaterThan(0);
    },
  );
});
