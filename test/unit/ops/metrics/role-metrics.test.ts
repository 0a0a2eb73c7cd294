import { beforeEach, describe, expect, it } from "@jest/globals";
import { Meter } from "../../../../src/ops/metrics/meter.ts";
import { addRoleMetrics } from "../../../../src/ops/metrics/role-metrics.ts";
import type { RelayView } from "../../../../src/ops/relay-view.ts";
import { RelayError } from "../../../../src/relay/errors.ts";

const ROW = new RelayError("no topic", { code: "TOPIC_MISSING", remedy: "halt", hint: "make it" });
const NEW = new RelayError("new", { code: "ROW_BRAND_NEW", remedy: "halt", hint: "look" });

interface FakeRelay {
  session: object | null;
  rowFailure: RelayError | null;
  state: { name: string; reason: RelayError | null };
}

let meter: Meter;
let relay: FakeRelay;

beforeEach(() => {
  meter = new Meter("s");
  relay = { session: {}, rowFailure: null, state: { name: "streaming", reason: null } };
  const seen = { relay, slots: { isReachable: null }, kafka: { reachable: false } };
  const identity = { version: "1", slot: "s", publication: "p", delivery: "exactly-once" };
  addRoleMetrics(meter, () => seen as unknown as RelayView, identity);
});

async function lines(name: string): Promise<string[]> {
  const all = (await meter.render("text")).split("\n");
  return all.filter((line) => line.startsWith(`${name}{`));
}

async function blocking(): Promise<string[]> {
  return (await lines("relay_blocked")).filter((line) => line.endsWith(" 1"));
}

describe("the metrics of a relay's role", () => {
  it("know the codes that can block a leader from the beginning, at 0", async () => {
    const all = await lines("relay_blocked");
    expect(all).toContain('relay_blocked{slot="s",reason="TOPIC_MISSING"} 0');
    expect(await blocking()).toEqual([]);
  });

  it("show the code that blocks, also a new one, and also between two holds of the slot", async () => {
    relay.rowFailure = NEW;
    expect(await blocking()).toEqual(['relay_blocked{slot="s",reason="ROW_BRAND_NEW"} 1']);
    relay.rowFailure = ROW;
    relay.session = null;
    // The board keeps the first error of several that say the same.
    const again = new RelayError("no topic", {
      code: "TOPIC_MISSING",
      remedy: "halt",
      hint: "make it",
    });
    relay.state = { name: "failed", reason: again };
    expect(await blocking()).toEqual(['relay_blocked{slot="s",reason="TOPIC_MISSING"} 1']);
  });

  it("say nothing of a row that held a relay up which stands by now, or failed for another reason", async () => {
    relay.rowFailure = ROW;
    relay.session = null;
    relay.state = { name: "standby", reason: null };
    expect(await lines("relay_blocked")).toEqual([]);
    relay.state = { name: "failed", reason: NEW };
    expect(await lines("relay_blocked")).toEqual([]);
  });

  it("leave out a dependency that nobody has asked yet", async () => {
    expect(await lines("relay_dependency_up")).toEqual([
      'relay_dependency_up{dependency="kafka"} 0',
    ]);
  });

  it("are exactly one for the state", async () => {
    const states = await lines("relay_state");
    expect(states).toHaveLength(6);
    expect(states.filter((line) => line.endsWith(" 1"))).toEqual([
      'relay_state{slot="s",state="streaming"} 1',
    ]);
  });
});
