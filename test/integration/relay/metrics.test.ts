import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { metricDefinitions } from "../../../src/ops/metrics/definitions.ts";
import { RUNTIME } from "../../../src/ops/metrics/runtime-metrics.ts";
import { RelayFixture } from "../../support/relay/fixture.ts";
import type { RelayProcess } from "../../support/relay/relay-process.ts";
import { until } from "../../support/until.ts";

/** Absent where there is nothing to tell: no limit, no forecast yet, nobody writing, no backfill, no error, no table beside the outbox, no statistics yet. */
const CONDITIONAL: ReadonlySet<string> = new Set([
  "relay_backfill_rows",
  "relay_errors_total",
  "relay_rows_passed_over_total",
  "relay_slot_exhaustion_seconds",
  "relay_slot_oldest_transaction_seconds",
  "relay_slot_safe_wal_bytes",
  "relay_slot_spilled_bytes_total",
  "relay_slot_spilled_transactions_total",
  "relay_slot_wal_growth_bytes_per_second",
]);

let fixture: RelayFixture;
let leader: RelayProcess;
let standby: RelayProcess;

beforeAll(async () => {
  fixture = await RelayFixture.create("metrics");
  leader = await fixture.streaming();
  standby = fixture.start();
  await standby.reaches("standby");
  for (let at = 0; at < 5; at++) await fixture.insert("k", `{"seq": ${at}}`);
  await fixture.caughtUp(leader);
  const seesSlot = async (relay: RelayProcess): Promise<boolean> =>
    (await text(relay)).includes("relay_slot_active");
  await until(
    async () => (await seesSlot(leader)) && (await seesSlot(standby)),
    20_000,
    "both relays' first look at the slot",
  );
});

afterAll(async () => {
  await fixture.close();
});

async function text(relay: RelayProcess): Promise<string> {
  return (await relay.get("/metrics")).text();
}

/** Names of the families that have samples. */
function families(exposition: string): ReadonlySet<string> {
  return new Set([...exposition.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name as string));
}

/** What Prometheus's own tool says of it; empty when it finds nothing wrong. */
async function promtool(exposition: string): Promise<string> {
  const child = spawn("promtool", ["check", "metrics"], { stdio: ["pipe", "pipe", "pipe"] });
  const failed = once(child, "error").then(([error]) => {
    throw new Error(`promtool does not start: apt-get install prometheus (${String(error)})`);
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
  }
  child.stdin.end(exposition);
  await Promise.race([once(child, "close"), failed]);
  return said;
}

describe("the metrics of two relays at one slot", () => {
  const ours = metricDefinitions().filter(({ section }) => section !== RUNTIME);

  it("are all there at the leader, as docs/metrics.md says", async () => {
    const there = families(await text(leader));
    const expected = ours.map(({ name }) => name).filter((name) => !CONDITIONAL.has(name));
    expect(expected.filter((name) => !there.has(name))).toEqual([]);
    const known = new Set(metricDefinitions().map(({ name }) => name));
    expect([...there].filter((name) => !known.has(name))).toEqual([]);
  });

  it("bear the labels that docs/metrics.md names, and no others", async () => {
    const exposition = await text(leader);
    for (const { name, labels } of ours) {
      const found = exposition.matchAll(new RegExp(`^${name}(?:_bucket)?(?:\\{(.*)\\})? `, "gm"));
      for (const [, set = ""] of found) {
        const names = [...set.matchAll(/(\w+)="/g)].map(([, label]) => label);
        expect([name, names.filter((label) => label !== "le")]).toEqual([name, labels]);
      }
    }
  });

  it("leave out at the standby what only the leader knows", async () => {
    const there = families(await text(standby));
    const wrong = ours.filter(({ name, exporter }) => exporter === "leader" && there.has(name));
    expect(wrong).toEqual([]);
    expect(there).toContain("relay_slot_retained_wal_bytes");
  });

  it("tell what happened", async () => {
    const exposition = await text(leader);
    const topic = `topic="${fixture.topics[0]}"`;
    for (const line of [
      `relay_events_published_total{${topic}} 5`,
      `relay_event_latency_seconds_count{${topic}} 5`,
      `relay_events_received_total{slot="${fixture.names.slot}",table="public.outbox",origin="wal"} 5`,
      `relay_transactions_total{slot="${fixture.names.slot}",outcome="committed"} 5`,
      `relay_source_connected{slot="${fixture.names.slot}"} 1`,
      `relay_lag_seconds{slot="${fixture.names.slot}"} 0`,
      'relay_dependency_up{dependency="kafka"} 1',
      'relay_dependency_up{dependency="postgres"} 1',
      "relay_kafka_brokers_connected 1",
    ]) {
      expect(exposition.split("\n")).toContain(line);
    }
    expect(exposition).toMatch(/^relay_publish_attempts_total\{outcome="ok"\} [1-9]/m);
    const stages = ["queue", "turn", "produce", "checkpoint"];
    for (const stage of stages) {
      const count = new RegExp(
        `^relay_stage_duration_seconds_count\\{stage="${stage}"\\} [1-9]`,
        "m",
      );
      expect(exposition).toMatch(count);
    }
    const delivery = /^relay_last_delivery_timestamp_seconds\{.*\} (\S+)/m.exec(exposition)?.[1];
    expect(Math.abs(Number(delivery) - Date.now() / 1_000)).toBeLessThan(120);
  });

  it("are good in the eyes of Prometheus's own linter, which would say so otherwise", async () => {
    const own = (await text(leader))
      .split(/(?=^# HELP )/m)
      .filter((part) => /^# HELP relay_/.test(part));
    expect(own.length).toBeGreaterThan(50);
    expect(await promtool(own.join(""))).toBe("");
    expect(await promtool("# TYPE a_milliseconds counter\na_milliseconds 1\n")).not.toBe("");
  });

  it("come in OpenMetrics to those who want that", async () => {
    const port = await leader.port();
    const headers = { accept: "application/openmetrics-text;version=1.0.0" };
    const answer = await fetch(`http://127.0.0.1:${port}/metrics`, { headers });
    expect(answer.headers.get("content-type")).toMatch(/^application\/openmetrics-text; version=1/);
    const exposition = await answer.text();
    expect(exposition.endsWith("# EOF\n")).toBe(true);
    expect(exposition).toMatch(/^# TYPE relay_events_published counter$/m);
    expect(await text(leader)).toMatch(/^# TYPE relay_events_published_total counter$/m);
  });
});

describe("the metrics of a relay that is held up by a row", () => {
  it("say which code blocks it", async () => {
    await fixture.insert("k", "{}", "no_such_topic");
    await leader.reaches("failed", "TOPIC_MISSING");
    const exposition = await text(leader);
    const blocked = exposition.split("\n").filter((line) => /^relay_blocked\{.*\} 1$/.test(line));
    expect(blocked).toEqual([
      `relay_blocked{slot="${fixture.names.slot}",reason="TOPIC_MISSING"} 1`,
    ]);
    expect(exposition).toMatch(/^relay_state\{slot="\w+",state="failed"\} 1$/m);
    expect(exposition).toMatch(/^relay_lag_seconds\{slot="\w+"\} (?!0$)/m);
  });
});
