import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { kafkaBrokers } from "../support/services.ts";
import { runCampaign, startShared } from "./schemas/campaign.ts";
import { KEPT_WORLDS } from "./schemas/kept-worlds.ts";
import { failureText } from "./schemas/report.ts";
import type { SharedServers } from "./schemas/stage/run-world.ts";
import { runWorld } from "./schemas/stage/run-world.ts";
import { sideBySide } from "./schemas/stage/side-by-side.ts";
import type { WorldOutcome } from "./schemas/stage/world.ts";

/** `npm run schemas` draws fresh ones. */
const SEED = 5;
const DRAWN_MINUTES = 0.3;

let servers: SharedServers & { stop(): Promise<void> };
let outcomes: readonly Promise<WorldOutcome>[] = [];

beforeAll(async () => {
  servers = await startShared([14, 18], new AbortController().signal, kafkaBrokers());
  outcomes = sideBySide(KEPT_WORLDS, 2, ({ plan }) => runWorld(plan, servers));
});

afterAll(async () => {
  await Promise.allSettled(outcomes);
  await servers.stop();
});

describe("each row is published once and right, or a person is asked, in a world with", () => {
  it.each(KEPT_WORLDS.map(({ name, plan }, index) => ({ name, plan, index })))(
    "$name",
    async ({ plan, index }) => {
      const outcome = await outcomes[index];
      if (outcome === undefined) throw new Error("the world was not run");
      if (outcome.failures.length > 0) throw new Error(failureText(plan, outcome));
      expect(outcome.records).toBeGreaterThan(0);
    },
  );

  it(`whatever is drawn from seed ${SEED}`, async () => {
    const said: string[] = [];
    const totals = await runCampaign(
      { seed: SEED, minutes: DRAWN_MINUTES, majors: [14, 18], sideBySide: 2, isShrunk: false },
      servers,
      (text) => said.push(text),
      new AbortController().signal,
    );
    process.stdout.write(`schemas seed ${SEED}: ${totals.worlds} worlds\n`);
    if (!totals.isClean) throw new Error([totals.text(), ...said].join("\n"));
    expect(totals.worlds).toBeGreaterThan(1);
  });
});
