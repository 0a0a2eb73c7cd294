import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { ComposeRun } from "../support/image/compose-run.ts";
import type { RelayStatus } from "../support/relay/relay-process.ts";
import { until } from "../support/until.ts";

const DEADLINE_MS = 60_000;
const run = new ComposeRun();

beforeAll(async () => {
  await run.open();
  await run.up("shop");
  await run.up("relay-2");
}, 240_000);

afterAll(async () => {
  await run.close();
});

async function status(relay: string): Promise<RelayStatus | null> {
  const answer = await fetch(`http://${await run.address(relay, 9464)}/status`).catch(() => null);
  return answer === null ? null : ((await answer.json()) as RelayStatus);
}

async function reaches(relay: string, holds: (status: RelayStatus) => boolean): Promise<void> {
  let last: RelayStatus | null = null;
  await until(
    async () => {
      last = await status(relay);
      return last !== null && holds(last);
    },
    DEADLINE_MS,
    () => `${relay}, last seen ${JSON.stringify(last)}`,
  );
}

describe("the services of docker-compose.yaml", () => {
  it("migrate once, publish what the shop writes, and have a relay that stands by", async () => {
    expect(await run.state("migrate")).toMatchObject({ Status: "exited", ExitCode: 0 });
    await reaches("relay-1", ({ state, events }) => state === "streaming" && events.published > 50);
    await reaches("relay-2", ({ state }) => state === "standby");
  });

  it("go on when the first relay is stopped", async () => {
    expect(await run.stop("relay-1")).toBe(0);
    await reaches("relay-2", ({ state, events }) => state === "streaming" && events.published > 50);
    expect(await run.state("shop")).toMatchObject({ Status: "running" });
  });
});
