import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { ruleFiles } from "../../../scripts/alert-rules.ts";
import { hurried } from "../../support/monitoring/hurried-rules.ts";
import { Prometheus } from "../../support/monitoring/prometheus.ts";
import { StandbyPair } from "../../support/postgres/standby-pair.ts";
import { RelayFixture } from "../../support/relay/fixture.ts";
import type { RelayProcess } from "../../support/relay/relay-process.ts";
import { until, withClient } from "../../support/services.ts";

// Windows of the rules are a second for each minute here; their numbers are as they are.

let pair: StandbyPair;
let fixture: RelayFixture;
let prometheus: Prometheus;
let relay: RelayProcess;

/** The fixture's database on whichever of the two servers is the primary. */
function eitherUrl(): string {
  const { host } = new URL(pair.standby.url);
  return fixture.database.url.replace(/@([^/]+)\//, (_, first: string) => `@${first},${host}/`);
}

/** What the alert says once it fires. */
async function descriptionOf(alert: string): Promise<string> {
  let description: string | undefined;
  await until(
    async () => {
      const firing = await prometheus.firing();
      const found = firing.find(({ labels }) => labels["alertname"] === alert);
      description = found?.annotations["description"];
      return description !== undefined;
    },
    60_000,
    () => `${alert} to fire\n${relay.output}`,
  );
  return description ?? "";
}

async function isReady(): Promise<boolean> {
  const samples = await prometheus.range("relay_slot_failover_ready");
  return samples.some(({ values }) => values.at(-1) === 1);
}

beforeAll(async () => {
  const rules = ruleFiles().map((file) => [file.name, hurried(file, {})] as const);
  [pair, prometheus] = await Promise.all([
    StandbyPair.start({ isSynchronized: true }),
    Prometheus.start(new Map(rules)),
  ]);
  fixture = await RelayFixture.create("failing_over", { postgresUrl: pair.primary.url });
  relay = fixture.start({ RELAY_DATABASE_URL: eitherUrl(), RELAY_RETRY_MAX: "500ms" });
  await relay.reaches("streaming");
  await prometheus.scrape([{ job: "relays", port: await relay.port() }]);
});

afterAll(async () => {
  await pair.primary.start();
  await fixture.close();
  await prometheus.stop();
  await pair.stop();
});

describe("alerts of a failover fire when", () => {
  it("a slot that was ready for it is not ready any more", async () => {
    await fixture.insert("k");
    await pair.slotSynced(fixture.names.slot);
    await until(isReady, 60_000, "the slot to be ready for a failover");
    await withClient(pair.primary.url, async (client) => {
      await client.query("alter system reset synchronized_standby_slots");
      await client.query("select pg_reload_conf()");
    });
    expect(await descriptionOf("RelayFailoverNotReady")).toContain(fixture.names.slot);
  });

  it("events were published that the promoted server does not have", async () => {
    await fixture.caughtUp(relay);
    await pair.replicated();
    pair.cutReplication();
    await fixture.insert("k");
    await fixture.caughtUp(relay);
    await pair.killPrimary();
    await pair.promote();
    expect(await descriptionOf("RelayPhantomEvents")).toMatch(/^\d+ events were published/);
  });
});
