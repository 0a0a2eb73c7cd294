import { beforeEach, describe, expect, it } from "@jest/globals";
import { RelayError } from "../../../src/relay/errors.ts";
import { SlotLease } from "../../../src/relay/slot-lease.ts";
import { VirtualClock } from "../../support/model/virtual-clock.ts";

const GO_ON = new AbortController().signal;

let clock: VirtualClock;
let looks: number;
let answer: () => Promise<unknown>;
let lease: SlotLease;

beforeEach(() => {
  clock = new VirtualClock();
  looks = 0;
  answer = () => Promise.resolve();
  lease = new SlotLease(clock, () => {
    looks += 1;
    return answer();
  });
});

function lost(remedy: "standby" | "retry" | "halt"): RelayError {
  return new RelayError("somebody else has it", { code: "SLOT_LOST", remedy, hint: "wait" });
}

/** Both directions are alive. */
function exchange(): void {
  lease.heard();
  lease.spoke();
}

async function looksAfter(silentMs: number): Promise<number> {
  const before = looks;
  clock.freeze(silentMs);
  await lease.assertHeld(GO_ON);
  return looks - before;
}

describe("a lease of the slot", () => {
  it.each([
    [15_000, 12_000],
    [60_000, 57_000],
    [3_000, 2_400],
    [1_000, 800],
  ])("of wal_sender_timeout %i ms asks nobody for %i ms", async (timeoutMs, lengthMs) => {
    lease.start(timeoutMs);
    exchange();
    expect(await looksAfter(lengthMs)).toBe(0);
    expect(await looksAfter(1)).toBe(1);
  });

  it("never runs out where Postgres waits for ever", async () => {
    lease.start(0);
    expect(await looksAfter(1e12)).toBe(0);
  });

  it("is renewed only while both directions are alive", async () => {
    lease.start(15_000);
    clock.freeze(10_000);
    lease.heard();
    expect(await looksAfter(2_000)).toBe(0);
    expect(await looksAfter(1)).toBe(1);
    clock.freeze(10_000);
    lease.spoke();
    expect(await looksAfter(2_001)).toBe(1);
  });

  it("asks when a machine was suspended and only the wall clock knows; one that is set back changes nothing", async () => {
    let offsetMs = 0;
    const wallMs = clock.wallMs.bind(clock);
    clock.wallMs = () => wallMs() + offsetMs;
    lease.start(15_000);
    offsetMs = 3_600_000;
    expect(await looksAfter(0)).toBe(1);
    offsetMs = -3_600_000;
    expect(await looksAfter(11_000)).toBe(0);
    expect(await looksAfter(1_001)).toBe(1);
  });

  it("that has run out is not renewed by what happens right after the thaw, only by an answer", async () => {
    lease.start(15_000);
    clock.freeze(20_000);
    exchange();
    expect(await looksAfter(0)).toBe(1);
    expect(await looksAfter(0)).toBe(0);
  });

  it("runs from the question, not from the answer", async () => {
    lease.start(15_000);
    clock.freeze(13_000);
    answer = () => {
      clock.freeze(looks === 1 ? 13_000 : 1_000);
      return Promise.resolve();
    };
    await lease.assertHeld(GO_ON);
    expect(looks).toBe(2);
    expect(await looksAfter(11_000)).toBe(0);
    expect(await looksAfter(1)).toBe(1);
  });

  it.each(["standby", "retry"] as const)(
    "fences its holder off when the look fails: %s",
    async (remedy) => {
      lease.start(15_000);
      clock.freeze(20_000);
      answer = () => Promise.reject(lost(remedy));
      await expect(lease.assertHeld(GO_ON)).rejects.toMatchObject({
        code: "SELF_FENCED",
        remedy: "standby",
        message: expect.stringContaining("silent for 20.0 s"),
      });
    },
  );

  it("passes on what calls for a person", async () => {
    lease.start(15_000);
    clock.freeze(20_000);
    answer = () => Promise.reject(lost("halt"));
    await expect(lease.assertHeld(GO_ON)).rejects.toMatchObject({ remedy: "halt" });
  });

  it("does not judge once nobody waits for the answer", async () => {
    lease.start(15_000);
    clock.freeze(20_000);
    const ended = new AbortController();
    answer = () => {
      ended.abort();
      return Promise.reject(lost("retry"));
    };
    await lease.assertHeld(ended.signal);
    expect(looks).toBe(1);
  });
});
