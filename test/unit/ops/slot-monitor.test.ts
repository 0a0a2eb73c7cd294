import { beforeEach, describe, expect, it } from "@jest/globals";
import { SlotMonitor } from "../../../src/ops/slot-monitor.ts";
import type { OpenTransaction, SlotFacts } from "../../../src/relay/capture/source-database.ts";
import { RelayError } from "../../../src/relay/errors.ts";
import { lsn } from "../../../src/relay/lsn.ts";
import { VirtualClock } from "../../support/model/virtual-clock.ts";
import { slotFacts } from "./slot-sights.ts";

const NEVER = new AbortController().signal;
const MIB = 1024 ** 2;

let clock: VirtualClock;
let facts: (() => SlotFacts | null) | "away";
let oldest: OpenTransaction | null;
let sights: number;
let monitor: SlotMonitor;

beforeEach(() => {
  clock = new VirtualClock();
  facts = () => slotFacts();
  oldest = null;
  sights = 0;
  const source = {
    slot: () => (facts === "away" ? Promise.reject(unreachable()) : Promise.resolve(facts())),
    oldestTransaction: () => Promise.resolve(oldest),
    spilled: () => Promise.resolve(null),
    failoverGap: () => Promise.resolve("no standby is connected"),
  };
  monitor = new SlotMonitor({ name: "billing", walBudgetBytes: 0 }, source, clock, () => {
    sights += 1;
  });
});

function unreachable(): RelayError {
  return new RelayError("away", { code: "POSTGRES_UNREACHABLE", remedy: "retry", hint: "wait" });
}

/** A slot of a server that writes a MiB each second and gets none of it back. */
function stuck(): SlotFacts {
  const written = Math.round((clock.monotonicMs() / 1_000) * MIB);
  return slotFacts({
    walEnd: lsn(BigInt(written)),
    retainedBytes: written,
    safeWalBytes: 1_000 * MIB - written,
  });
}

async function watch(seconds: number): Promise<void> {
  const stop = new AbortController();
  const running = monitor.run(stop.signal);
  await clock.advance(seconds * 1_000);
  stop.abort();
  await running;
}

describe("the slot's monitor", () => {
  it("makes a rate and a forecast of its looks", async () => {
    facts = stuck;
    await watch(100);
    expect(monitor.sight?.growthBytesPerSecond).toBeCloseTo(MIB, -1);
    expect(monitor.sight?.exhaustionSeconds).toBeCloseTo(900, 0);
    expect(sights).toBe(21);
  });

  it("has seen nothing while the database is away, and goes on with the forecast afterwards", async () => {
    facts = stuck;
    await watch(100);
    facts = "away";
    await watch(20);
    expect(monitor.sight).toBeNull();
    facts = stuck;
    await monitor.look(NEVER);
    expect(monitor.sight?.growthBytesPerSecond).toBeCloseTo(MIB, -1);
  });

  it("shows the slot also where the server hides what is around it", async () => {
    const refused = (): Promise<never> => Promise.reject(unreachable());
    const slot = (): Promise<SlotFacts> => Promise.resolve(slotFacts());
    const source = { slot, oldestTransaction: refused, failoverGap: refused, spilled: refused };
    const options = { name: "billing", walBudgetBytes: 0 };
    monitor = new SlotMonitor(options, source, clock, () => undefined);
    await monitor.look(NEVER);
    expect(monitor.sight).toMatchObject({
      facts: { name: "billing" },
      oldestTransaction: null,
      failoverGap: "the server does not tell",
    });
  });

  it("forgets the growth of a slot that is gone, and of another server", async () => {
    facts = stuck;
    await watch(100);
    facts = () => null;
    await monitor.look(NEVER);
    expect(monitor.sight).toBeNull();
    facts = stuck;
    await monitor.look(NEVER);
    expect(monitor.sight?.growthBytesPerSecond).toBeNull();
    await watch(100);
    facts = () => slotFacts({ walEnd: lsn(1n) });
    await monitor.look(NEVER);
    expect(monitor.sight?.growthBytesPerSecond).toBeNull();
  });

  it("counts a transaction's age from its first sight where the role may not see when it began", async () => {
    oldest = { pid: 1, gid: null, xid: "5", openSeconds: null };
    await watch(60);
    expect(monitor.sight?.oldestTransaction).toMatchObject({ pid: 1, seconds: 60 });
    oldest = { pid: 1, gid: null, xid: "6", openSeconds: null };
    await monitor.look(NEVER);
    expect(monitor.sight?.oldestTransaction?.seconds).toBe(0);
    oldest = { pid: 1, gid: null, xid: "6", openSeconds: 90 };
    await monitor.look(NEVER);
    expect(monitor.sight?.oldestTransaction?.seconds).toBe(90);
  });
});
