import { systemClock } from "../../../src/ops/system-clock.ts";
import { scanCommitted } from "../../support/relay/topic-reader.ts";
import { until } from "../../support/until.ts";
import type { History, ObservedRecord } from "./check/history.ts";
import { readLedger } from "./evidence/ledger.ts";
import { observed, storedCheckpoint } from "./evidence/observed.ts";
import { resolvePrepared } from "./load/load.ts";
import type { RunOptions } from "./run-options.ts";
import type { Scene } from "./stage/scene.ts";
import type { Servers } from "./stage/servers.ts";

const DRAIN_DEADLINE_MS = 120_000;
const SCAN_DEADLINE_MS = 600_000;
const RETAINED_DEADLINE_MS = 40_000;
const RETAINED_WANTED_BYTES = 48 * 1024 * 1024;

/** Nothing is broken any more and nobody writes: the relay gets everything through, or that is trouble. */
export async function drain(scene: Scene, servers: Servers): Promise<void> {
  const { fixture, pool } = scene;
  for (const proxy of [...servers.postgresProxies, ...servers.kafkaProxies]) proxy.heal();
  await servers.postgres.start();
  for (const index of servers.kafka.brokers.keys()) {
    servers.kafka.thaw(index);
    await servers.kafka.start(index);
  }
  await fixture.reconnect();
  await resolvePrepared(fixture.database.url);
  const sinceMs = systemClock.monotonicMs();
  try {
    await pool.recovered(sinceMs, false);
    await fixture.caughtUp(pool.relayAt((await pool.streaming()) ?? 0), DRAIN_DEADLINE_MS);
  } catch (error) {
    pool.troubles.push(`the drain: ${String(error)}`);
  }
}

/** WAL that the slot holds back, once Postgres had the chance to move on. */
export async function retainedBytes({ fixture }: Scene): Promise<number> {
  let retained = Infinity;
  const isLow = async (): Promise<boolean> => {
    await fixture.client.query("checkpoint");
    const { rows } = await fixture.client.query<{ bytes: string }>(
      "select pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn) as bytes from pg_replication_slots where slot_name = $1",
      [fixture.names.slot],
    );
    retained = Number(rows[0]?.bytes ?? Infinity);
    return retained < RETAINED_WANTED_BYTES;
  };
  // What the number is in the end is the checker's business.
  await until(isLow, RETAINED_DEADLINE_MS, "the slot to move on").catch(() => undefined);
  return retained;
}

/** Puts together what the run left behind. The relays have ended, so nothing changes any more. */
export async function collectHistory(
  scene: Scene,
  { delivery }: RunOptions,
  retained: number,
): Promise<History> {
  const { fixture, pool, sampler } = scene;
  const { slot, topicPrefix, checkpointTopic } = fixture.names;
  const records: ObservedRecord[] = [];
  await scanCommitted(
    fixture.brokers,
    fixture.topics,
    (record) => records.push(observed(record)),
    SCAN_DEADLINE_MS,
  );
  await scanCommitted(fixture.brokers, [checkpointTopic], (record) => {
    const checkpoint = storedCheckpoint(record, slot);
    if (checkpoint !== null) scene.checkpoints.set(checkpoint.offset, checkpoint);
  });
  await liveHasRead(scene, records.length);
  return {
    delivery,
    ledger: await readLedger(fixture.client, scene.ledgerSlot, topicPrefix),
    acknowledged: scene.load.acknowledged,
    records,
    live: scene.live,
    checkpoints: [...scene.checkpoints.values()].toSorted((a, b) => a.offset - b.offset),
    samples: sampler.samples,
    recoveries: pool.recoveries,
    troubles: pool.troubles,
    relayRssBytesMax: sampler.rssBytesMax,
    retainedBytes: retained,
  };
}

/** The checker tells what it missed if it never gets there. */
async function liveHasRead({ live }: Scene, records: number): Promise<void> {
  const DEADLINE_MS = 60_000;
  await until(() => live.size >= records, DEADLINE_MS, "the live consumer").catch(() => undefined);
}
