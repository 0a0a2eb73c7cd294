import { beforeEach, describe, expect, it } from "@jest/globals";
import type { Answer } from "../../../../src/ops/http/answer.ts";
import { Grace } from "../../../../src/ops/http/grace.ts";
import { Health } from "../../../../src/ops/http/health.ts";
import { Watchdog } from "../../../../src/ops/http/watchdog.ts";
import type { RelayView } from "../../../../src/ops/relay-view.ts";

const MINUTE = 60_000;

interface Fake {
  relay: { state: { name: string; reason: { code: string } | null }; session: object | null };
  slots: { isReachable: boolean | null };
  kafka: { reachable: boolean };
}

let fake: Fake;

beforeEach(() => {
  fake = {
    relay: { state: { name: "streaming", reason: null }, session: {} },
    slots: { isReachable: true },
    kafka: { reachable: true },
  };
});

async function probe(path: string, query = "", graceMs = 0): Promise<Answer> {
  const watchdog = new Watchdog(
    MINUTE,
    () => ({ hasWork: false, progress: "" }),
    performance.now(),
  );
  const routes = new Map(new Health(fake as unknown as RelayView, watchdog, graceMs).routes());
  const route = routes.get(path);
  if (route === undefined) throw new Error(`no ${path}`);
  expect(route.isOpen).toBe(true);
  return route.answer({ query: new URLSearchParams(query), headers: {} });
}

describe("liveness", () => {
  it("does not look at Kafka, Postgres or the state", async () => {
    fake.slots.isReachable = false;
    fake.kafka.reachable = false;
    fake.relay = { state: { name: "failed", reason: { code: "GAP_SLOT_MISSING" } }, session: null };
    for (const path of ["/livez", "/healthz"]) {
      expect(await probe(path)).toMatchObject({ status: 200, body: "ok\n" });
    }
    expect(await probe("/livez", "verbose")).toMatchObject({
      status: 200,
      body: "[+]loop ok\n[+]pipeline ok\nlivez check passed\n",
    });
  });
});

describe("readiness", () => {
  it.each(["streaming", "standby"])("is given while %s", async (name) => {
    fake.relay.state.name = name;
    expect(await probe("/readyz")).toMatchObject({ status: 200, body: `${name}\n` });
  });

  it("tells each check when one fails, and what failed", async () => {
    fake.kafka.reachable = false;
    expect(await probe("/readyz")).toMatchObject({
      status: 503,
      body: "[+]state ok\n[+]postgres ok\n[-]kafka failed: away\nreadyz check failed\n",
    });
  });

  it("is not given with a reason, of which it tells the code only", async () => {
    fake.relay.state = { name: "failed", reason: { code: "TOPIC_MISSING" } };
    expect(await probe("/readyz", "verbose=1")).toMatchObject({
      status: 503,
      body: "[-]state failed: failed TOPIC_MISSING\n[+]postgres ok\n[+]kafka ok\nreadyz check failed\n",
    });
  });

  it("ends at once while draining, whatever the grace", async () => {
    fake.relay.state.name = "draining";
    expect((await probe("/readyz", "", MINUTE)).status).toBe(503);
  });

  it("does not wait for the first look at the slot", async () => {
    fake.slots.isReachable = null;
    expect((await probe("/readyz")).status).toBe(200);
  });
});

describe("the other probes", () => {
  it("say that the relay has started once it knows how its surroundings are, good or bad", async () => {
    fake.relay.state.name = "starting";
    expect(await probe("/startupz")).toMatchObject({
      status: 503,
      body: expect.stringMatching(/^\[-\]boot failed: .+\nstartupz check failed\n$/),
    });
    fake.relay.state.reason = { code: "KAFKA_UNREACHABLE" };
    expect((await probe("/startupz")).status).toBe(200);
  });

  it("say who leads", async () => {
    expect(await probe("/leader")).toMatchObject({ status: 200, body: "leader\n" });
    fake.relay.session = null;
    expect(await probe("/leader")).toMatchObject({ status: 503, body: "standby\n" });
  });
});

describe("a grace period", () => {
  it("bears a fault for so long after all was well, and none before that", () => {
    const grace = new Grace(1_000);
    expect(grace.problem(false, 0, "away")).toBe("away");
    expect(grace.problem(true, 100, "away")).toBeNull();
    expect(grace.problem(false, 1_100, "away")).toBeNull();
    expect(grace.problem(false, 1_101, "away")).toBe("away");
  });
});
