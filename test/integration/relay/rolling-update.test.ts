import { afterEach, beforeEach, expect, it } from "@jest/globals";
import { ALL_DELIVERED } from "../../support/relay/delivery-check.ts";
import { RelayFixture } from "../../support/relay/fixture.ts";
import type { RelayProcess, RelayStatus } from "../../support/relay/relay-process.ts";
import { Workload } from "../../support/relay/workload.ts";
import { until } from "../../support/services.ts";

const GAP_MS_MAX = 2_000;
const PUBLISHED_BETWEEN = 100;
/** A question that waited longer would hide what happens meanwhile. */
const ANSWER_MS_MAX = 500;

let fixture: RelayFixture;

beforeEach(async () => {
  fixture = await RelayFixture.create("rolling");
});

afterEach(async () => {
  await fixture.close();
});

// Processes stand in for the pods of the chart's Deployment: maxSurge 1, maxUnavailable 0, the leader first where it is an old one, which is worst.
it("an update pod by pod leaves no gap above two seconds and loses nothing", async () => {
  const settings = { RELAY_STANDBY_POLL_INTERVAL: "1s" };
  const old = [await fixture.streaming(settings), fixture.start(settings)];
  await old[1]?.reaches("standby");
  const workload = new Workload(fixture.database.url, { writers: 4 });
  workload.start();
  const watch = new GapWatch(old);
  await watch.untilPublished(PUBLISHED_BETWEEN);
  for (const left of [2, 1]) {
    const next = fixture.start(settings);
    await watch.during(isReady(next));
    watch.add(next);
    const remaining = old.filter(({ hasEnded }) => !hasEnded);
    expect(remaining).toHaveLength(left);
    const pod = await leaderOf(remaining);
    pod.signal("SIGTERM");
    await watch.untilPublished(PUBLISHED_BETWEEN);
    expect(await pod.ended()).toBe(0);
  }
  await workload.stop();
  await fixture.caughtUp(await leaderOf(watch.relays));
  process.stdout.write(`longest gap of the update ${Math.round(watch.longestMs)} ms\n`);
  expect(watch.longestMs).toBeLessThan(GAP_MS_MAX);
  expect(await fixture.delivery()).toMatchObject(ALL_DELIVERED);
});

function isReady(relay: RelayProcess): () => Promise<boolean> {
  return async () => (await relay.ask("/readyz", ANSWER_MS_MAX).catch(() => null))?.status === 200;
}

/** The one that streams, or the first where another relay does. */
async function leaderOf(relays: readonly RelayProcess[]): Promise<RelayProcess> {
  const running = relays.filter(({ hasEnded }) => !hasEnded);
  const states = await Promise.all(running.map((relay) => relay.status()));
  const [first] = running;
  if (first === undefined) throw new Error("no relay runs");
  return running.find((_, index) => states[index]?.state === "streaming") ?? first;
}

/** Sees how long no event was published by any of some relays. */
class GapWatch {
  readonly relays: RelayProcess[];
  readonly #publishedBy = new Map<RelayProcess, number>();
  #lastMs = performance.now();
  longestMs = 0;

  constructor(relays: readonly RelayProcess[]) {
    this.relays = [...relays];
  }

  add(relay: RelayProcess): void {
    this.relays.push(relay);
  }

  /** Until so many more events are published, by relays that still run. */
  async untilPublished(count: number): Promise<void> {
    const goal = this.#total + count;
    await this.during(() => Promise.resolve(this.#total >= goal));
  }

  /** Watches until `holds`. */
  async during(holds: () => Promise<boolean>): Promise<void> {
    await until(
      async () => {
        await this.#look();
        return holds();
      },
      30_000,
      () => `the update to go on\n${this.relays.map(({ output }) => output).join("\n")}`,
    );
  }

  get #total(): number {
    return [...this.#publishedBy.values()].reduce((sum, count) => sum + count, 0);
  }

  async #look(): Promise<void> {
    const before = this.#total;
    for (const relay of this.relays) {
      const answer = await relay.ask("/status", ANSWER_MS_MAX).catch(() => null);
      const status = (await answer?.json().catch(() => null)) as RelayStatus | null | undefined;
      if (status != null) this.#publishedBy.set(relay, status.events.published);
    }
    if (this.#total === before) return;
    const nowMs = performance.now();
    this.longestMs = Math.max(this.longestMs, nowMs - this.#lastMs);
    this.#lastMs = nowMs;
  }
}
