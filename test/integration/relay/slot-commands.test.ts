import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { RelayFixture } from "../../support/relay/fixture.ts";

let fixture: RelayFixture;

beforeAll(async () => {
  fixture = await RelayFixture.create("commands");
});

afterAll(() => fixture.close());

describe("outbox-relay slot", () => {
  it("creates the slot once, and tells how things stand", async () => {
    const { slot } = fixture.names;
    const created = await fixture.command(["slot", "create"]);
    expect(`${created.stdout}${created.code}`).toMatch(
      new RegExp(`slot ${slot} is there.*0$`, "s"),
    );
    const inspected = await fixture.command(["slot", "inspect"]);
    expect(inspected.stdout).toMatch(/^exists: true$/m);
    expect(inspected.stdout).toMatch(/^verdict: start-at-slot$/m);
    expect((await fixture.command(["slot", "create"])).stderr).toContain("is there already");
  });

  it("decides nothing while a relay reads from it", async () => {
    const relay = await fixture.streaming();
    const { stdout } = await fixture.command(["slot", "inspect", "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({ active: true, verdict: "go-on" });
    const dropped = await fixture.command(["slot", "drop", "--confirm", fixture.names.slot]);
    expect([dropped.code, dropped.stderr]).toEqual([75, expect.stringContaining("SLOT_BUSY")]);
    await relay.stop();
  });

  it("finds nothing to repair, to adopt or to accept where all fits together", async () => {
    for (const argv of [["repair"], ["slot", "adopt"], ["accept", "publication"]]) {
      const { code, stdout } = await fixture.command(argv);
      expect([code, stdout]).toEqual([0, expect.stringContaining("nothing to ")]);
    }
  });

  it("is dropped only by its name, and says what that means", async () => {
    const refused = await fixture.command(["slot", "drop"]);
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining("--confirm")]);
    const dropped = await fixture.command(["slot", "drop", "--confirm", fixture.names.slot]);
    expect([dropped.code, dropped.stdout]).toEqual([
      0,
      expect.stringContaining("GAP_SLOT_MISSING"),
    ]);
    const adopted = await fixture.command(["slot", "adopt", "--trust-slot"]);
    expect([adopted.code, adopted.stderr]).toEqual([
      1,
      expect.stringContaining("GAP_SLOT_MISSING"),
    ]);
  });

  it.each([
    [["slot", "jump"], "no command"],
    [["repair", "--now"], "--now"],
    [["accept"], "publication"],
  ])("answers %j with its usage", async (argv, words) => {
    const { code, stderr } = await fixture.command(argv);
    expect([code, stderr]).toEqual([2, expect.stringContaining(words)]);
    expect(stderr).toContain("Usage: outbox-relay");
  });
});
