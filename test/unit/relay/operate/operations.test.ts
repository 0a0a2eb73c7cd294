import { beforeEach, describe, expect, it } from "@jest/globals";
import { RelayError } from "../../../../src/relay/errors.ts";
import type { Finding } from "../../../../src/relay/finding.ts";
import type { Operations, Outcome } from "../../../../src/relay/operate/operations.ts";
import { ModelWorld, row } from "../../../support/model/model-world.ts";

let world: ModelWorld;

beforeEach(() => {
  world = new ModelWorld();
});

/** What an operator's command answers. */
function decided(
  decide: (operations: Operations, signal: AbortSignal) => Promise<Outcome>,
): Promise<Outcome> {
  return world.during(decide(world.operations(), new AbortController().signal), 1_000);
}

/** A relay that has published and stored a watermark, and is stopped. */
async function publishedAndStopped(): Promise<void> {
  const relay = world.start({ instance: "one" });
  await world.clock.advance(11_000);
  world.postgres.commit([row("1")]);
  await world.clock.advance(11_000);
  world.postgres.commit([row("2")]);
  await world.clock.advance(1_000);
  relay.stop();
  await world.clock.advance(1_000);
}

describe("a repair where no gap is found", () => {
  it("does nothing, and names the way to look at all rows", async () => {
    await publishedAndStopped();
    const { backfills, message } = await decided((operations, signal) =>
      operations.repair(false, signal),
    );
    expect(backfills).toBe(false);
    expect(message).toContain("outbox-relay repair --all-rows");
  });

  it("says what would halt a relay at its start all the same", async () => {
    await publishedAndStopped();
    const finding: Finding = {
      code: "CONFIG_SLOT",
      severity: "halt",
      message: "the slot is a physical slot",
      hint: "another name",
    };
    world.postgres.findings = [finding];
    await expect(
      decided((operations, signal) => operations.repair(false, signal)),
    ).rejects.toMatchObject({ code: "CONFIG_SLOT", message: finding.message });
    world.postgres.findings = [{ ...finding, severity: "warning" }];
    expect(await decided((operations, signal) => operations.repair(false, signal))).toMatchObject({
      backfills: false,
    });
  });

  it("of all rows publishes those that Kafka does not hold, also from before the watermark", async () => {
    await publishedAndStopped();
    expect(world.stored().watermark).not.toBeNull();
    world.postgres.tableRows = [row("1"), row("2"), row("attached")];
    expect(await decided((operations, signal) => operations.repair(true, signal))).toMatchObject({
      backfills: true,
    });
    expect(world.stored()).toMatchObject({ pending: "backfill", watermark: null });
    world.start({ instance: "two" });
    await world.clock.advance(20_000);
    expect(world.ids()).toEqual(["1", "2", "attached"]);
    expect(world.stored().pending).toBeNull();
  });
});

describe("a decision to compare the tables with Kafka", () => {
  it.each<[string, (operations: Operations, signal: AbortSignal) => Promise<Outcome>]>([
    ["repair", (operations, signal) => operations.repair(false, signal)],
    [
      "slot adopt",
      (operations, signal) => operations.adopt({ trustsSlot: false, takesOver: true }, signal),
    ],
  ])("(%s) is not written down where the tables may not be read", async (_what, decide) => {
    await publishedAndStopped();
    world.postgres.hasSlot = false;
    world.postgres.unreadable = new RelayError("row-level security applies", {
      code: "POSTGRES_PERMISSION",
      remedy: "halt",
      hint: "Run ALTER ROLE relay BYPASSRLS;",
    });
    const before = world.stored();
    await expect(decided(decide)).rejects.toMatchObject({ code: "POSTGRES_PERMISSION" });
    expect(world.stored()).toEqual(before);
    world.postgres.unreadable = null;
    await expect(decided(decide)).resolves.toMatchObject({ backfills: true });
    expect(world.stored().pending).toBe("backfill");
  });
});

describe("a command that accepts", () => {
  const UNLOGGED: Finding = {
    code: "CONFIG_TABLE",
    severity: "halt",
    message: "public.child is unlogged",
    hint: "Run ALTER TABLE public.child SET LOGGED;",
  };

  it.each<[string, (operations: Operations, signal: AbortSignal) => Promise<Outcome>]>([
    ["publication", (operations, signal) => operations.acceptPublication(signal)],
    ["table", (operations, signal) => operations.acceptTable("public.child", true, signal)],
  ])(
    "(%s) changes nothing and fences nobody while the cause is there, and says what comes first",
    async (_what, accept) => {
      await publishedAndStopped();
      world.postgres.treeFindings = [UNLOGGED];
      const [before, { epoch }] = [world.stored(), world.cluster];
      await expect(decided(accept)).rejects.toMatchObject({
        code: "CONFIG_TABLE",
        message: expect.stringContaining("public.child is unlogged"),
        hint: expect.stringMatching(/SET LOGGED;.*After that: /),
      });
      expect([world.stored(), world.cluster.epoch]).toEqual([before, epoch]);
      world.postgres.treeFindings = [{ ...UNLOGGED, severity: "warning" }];
      await expect(decided(accept)).resolves.toMatchObject({ backfills: false });
    },
  );
});

describe("accept publication", () => {
  it("hides no change that was made while another halt stood", async () => {
    world.start({ instance: "one" });
    await world.clock.advance(100);
    world.postgres.touched = "altered and taken back";
    await world.clock.advance(6_000);
    expect(world.stored().halt?.message).toContain("was altered");
    world.postgres.publication = "another";
    await world.clock.advance(20_000);
    const { message } = await decided((operations, signal) => operations.acceptPublication(signal));
    expect(message).toContain("was altered");
    expect(message).toContain("is another one, or is set otherwise");
  });
});
