/**
 * Drains a backlog of rows of about 300 bytes into 12 partitions and compares, in one run on the same rows: the bare
 * replication stream without Kafka, exactly once, and at least once.
 * Usage: npx node bench/drain.ts [ROWS]    (500000 unless given)
 */
import { setTimeout as delay } from "node:timers/promises";
import { systemClock } from "../src/ops/system-clock.ts";
import { PgReplicationSource } from "../src/postgres/replication-source.ts";
import { print, Rig, SLOT } from "./rig.ts";

const AT_LEAST_ONCE = { RELAY_DELIVERY: "at-least-once", RELAY_SLOT_NAME: "at_least_once" };
const rows = Number(process.argv[2] ?? 500_000);
const rig = await Rig.start(12);
try {
  // First starts create the slots; what is written afterwards is the backlog of each.
  for (const settings of [{}, AT_LEAST_ONCE]) {
    const first = rig.relay(settings);
    await first.streaming();
    await first.stop();
  }
  await rig.client.query("select pg_copy_logical_replication_slot($1, $2)", [SLOT, "bare"]);
  await rig.fill(rows, 100);
  const bare = await drainBare();
  print({ way: "stream alone", rows, perSecond: bare });
  const exact = await drain("exactly-once", {});
  print({ ...exact, ratioToStreamAlone: ratio(exact.perSecond, bare) });
  const atLeast = await drain("at-least-once", AT_LEAST_ONCE);
  print({ ...atLeast, ratioToStreamAlone: ratio(atLeast.perSecond, bare) });
} finally {
  await rig.stop();
}

interface Drain {
  readonly way: string;
  readonly rows: number;
  readonly perSecond: number;
  readonly rssMbMax: number;
  readonly cpuUsPerEvent: number;
}

async function drain(way: string, settings: Record<string, string>): Promise<Drain> {
  const relay = rig.relay(settings);
  await relay.streaming();
  const cpuBefore = await relay.cpuSeconds();
  const startedMs = performance.now();
  await relay.untilPublished(rows);
  const seconds = (performance.now() - startedMs) / 1000;
  const cpuUsPerEvent = Number(
    ((((await relay.cpuSeconds()) - cpuBefore) * 1e6) / rows).toFixed(1),
  );
  const result = {
    way,
    rows,
    perSecond: Math.round(rows / seconds),
    rssMbMax: await relay.rssMbMax(),
    cpuUsPerEvent,
  };
  await relay.stop();
  return result;
}

/** Rows per second that the stream delivers to a reader that only counts them. */
async function drainBare(): Promise<number> {
  const source = new PgReplicationSource(
    {
      connectionString: rig.url,
      slot: "bare",
      publications: ["outbox_relay"],
      tables: ["public.outbox"],
      columns: {
        id: "id",
        route: "aggregatetype",
        key: "aggregateid",
        type: "type",
        payload: "payload",
        headers: "headers",
      },
      connectTimeoutMs: 10_000,
      applicationName: "bench",
      walSenderTimeoutMs: 60_000,
    },
    systemClock,
  );
  let count = 0;
  const stop = new AbortController();
  const stream = await source.open(
    {
      message: (bytes) => {
        if (bytes[0] === 0x49) count += 1;
      },
      keepalive: () => undefined,
      readEnd: () => undefined,
      closed: (error) => {
        throw error;
      },
    },
    stop.signal,
  );
  const startedMs = performance.now();
  stream.resume();
  while (count < rows) await delay(10);
  const perSecond = Math.round((count * 1000) / (performance.now() - startedMs));
  await stream.close();
  return perSecond;
}

function ratio(a: number, b: number): number {
  return Number((a / b).toFixed(2));
}
