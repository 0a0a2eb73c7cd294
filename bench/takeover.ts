/**
 * Take-over times under load: from the signal to the leader until the first event that its standby has published, with
 * servers, writers and both relays on one machine. Planned hand-over (SIGTERM), crash (SIGKILL), frozen leader (SIGSTOP).
 * Usage: npx node bench/takeover.ts [REPETITIONS] [EVENTS_PER_SECOND]    (20 and 500 unless given)
 */
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import type { BenchRelay } from "./rig.ts";
import { print, Rig } from "./rig.ts";

const repetitions = Number(process.argv[2] ?? 20);
const rate = Number(process.argv[3] ?? 500);
const WAL_SENDER_TIMEOUT_MS = 3_000;
const SETTINGS = {
  RELAY_WAL_SENDER_TIMEOUT: `${WAL_SENDER_TIMEOUT_MS}ms`,
  RELAY_STATUS_INTERVAL: "1s",
};
const TICK_MS = 5;

interface Kind {
  readonly way: string;
  readonly signal: "SIGTERM" | "SIGKILL" | "SIGSTOP";
  readonly goalMs: number;
}

const KINDS: readonly Kind[] = [
  { way: "planned", signal: "SIGTERM", goalMs: 1_000 },
  { way: "crash", signal: "SIGKILL", goalMs: 2_000 },
  { way: "frozen", signal: "SIGSTOP", goalMs: WAL_SENDER_TIMEOUT_MS + 2_000 },
];

const rig = await Rig.start(12);
const stop = new AbortController();
const writing = write(stop.signal);
try {
  let leader = rig.relay(SETTINGS);
  await leader.streaming();
  let standby = await newStandby();
  for (const kind of KINDS) {
    const timesMs: number[] = [];
    for (let i = 0; i < repetitions; i++) {
      timesMs.push(await takeOver(leader, standby, kind));
      const former = leader;
      leader = standby;
      standby = await behind(former, kind);
    }
    report(kind, timesMs);
  }
} finally {
  stop.abort();
  await writing;
  await rig.stop();
}

/** Ms from the signal to the first event of the other one. */
async function takeOver(leader: BenchRelay, standby: BenchRelay, kind: Kind): Promise<number> {
  await leader.untilPublished((await leader.published()) + 100);
  const before = await standby.published();
  const startedMs = performance.now();
  leader.signal(kind.signal);
  await standby.untilPublished(before + 1, 5);
  return performance.now() - startedMs;
}

/** Who stands by next: the one that was frozen wakes up, the others are followed by a new process. */
async function behind(former: BenchRelay, { signal }: Kind): Promise<BenchRelay> {
  if (signal !== "SIGSTOP") {
    await former.ended();
    return newStandby();
  }
  former.signal("SIGCONT");
  await former.reaches("standby");
  return former;
}

async function newStandby(): Promise<BenchRelay> {
  const relay = rig.relay(SETTINGS);
  await relay.reaches("standby");
  return relay;
}

function report({ way, goalMs }: Kind, timesMs: readonly number[]): void {
  const sorted = timesMs.toSorted((a, b) => a - b);
  const at = (share: number): number =>
    Math.round(
      sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN,
    );
  const below = sorted.filter((ms) => ms < goalMs).length;
  print({
    way,
    repetitions: sorted.length,
    p50Ms: at(0.5),
    p90Ms: at(0.9),
    maxMs: at(1),
    goalMs,
    withinGoal: `${below} of ${sorted.length}`,
  });
}

/** Two rows a transaction at the paced rate, over a connection of its own. */
async function write(signal: AbortSignal): Promise<void> {
  const client = new pg.Client({ connectionString: rig.url });
  await client.connect();
  const startedMs = performance.now();
  for (let sent = 0; !signal.aborted; ) {
    const due = (rate * (performance.now() - startedMs)) / 1000;
    for (; sent < due && !signal.aborted; sent += 2) {
      await client.query(
        `insert into outbox (aggregatetype, aggregateid, type, payload)
         select 'order', 'order-' || (($1::int + n) % 5000), 'OrderPlaced', jsonb_build_object('seq', $1::int, 'text', repeat('x', 256))
         from generate_series(1, 2) n`,
        [sent],
      );
    }
    await delay(TICK_MS);
  }
  await client.end();
}
