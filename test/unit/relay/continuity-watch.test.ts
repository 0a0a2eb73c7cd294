import { beforeEach, describe, expect, it } from "@jest/globals";
import type { Finding } from "../../../src/relay/finding.ts";
import { ModelCluster, ModelSink } from "../../support/model/model-kafka.ts";
import { ModelPostgres } from "../../support/model/model-postgres.ts";
import { ModelRelay } from "../../support/model/model-relay.ts";
import { VirtualClock } from "../../support/model/virtual-clock.ts";

const UNLOGGED: Finding = {
  code: "CONFIG_TABLE",
  severity: "halt",
  message: "public.outbox_b is unlogged",
  hint: "Run ALTER TABLE public.outbox_b SET LOGGED;",
};
const UNLISTED: Finding = {
  code: "TABLE_UNLISTED",
  severity: "warning",
  message: "publication p names public.other",
  hint: "Add it to RELAY_TABLES.",
};

let clock: VirtualClock;
let postgres: ModelPostgres;
let relay: ModelRelay;
let warned: string[];

/** Lets the relay stream, with what the database shows at that time. */
async function streaming(): Promise<void> {
  const told = { warning: ({ code }: Finding) => void warned.push(code) };
  const sink = new ModelSink(new ModelCluster(), clock);
  relay = new ModelRelay(postgres, sink, clock, {}, () => undefined, told);
  await clock.advance(50);
  expect(relay.relay.state.name).toBe("streaming");
}

beforeEach(() => {
  clock = new VirtualClock();
  postgres = new ModelPostgres();
  warned = [];
});

describe("the look at the tables every five seconds", () => {
  it("halts at a table below the outbox whose rows cannot come, and says how to repair it", async () => {
    await streaming();
    postgres.treeFindings = [UNLISTED, UNLOGGED];
    await clock.advance(5_100);
    expect(relay.relay.state).toMatchObject({
      name: "failed",
      reason: { code: "CONFIG_TABLE", remedy: "halt", message: UNLOGGED.message },
    });
    expect(relay.relay.state.reason?.hint).toContain(UNLOGGED.hint);
  });

  it("warns once of what does not stop the stream, and goes on", async () => {
    await streaming();
    postgres.treeFindings = [UNLISTED];
    await clock.advance(60_000);
    expect(warned).toEqual(["TABLE_UNLISTED"]);
    expect(relay.relay.state.name).toBe("streaming");
  });

  it("does not repeat what preflight warned of", async () => {
    postgres.treeFindings = [UNLISTED];
    await streaming();
    await clock.advance(60_000);
    expect(warned).toEqual(["TABLE_UNLISTED"]);
  });
});
