/**
 * What RELAY_SHARD costs and brings, on the same backlog in one run: the walsender's CPU per row with the row filter of a shard, with others and
 * with none; then one relay against two with a shard each.
 * Usage: npx node bench/shards.ts [ROWS] [ROUNDS]    (200000 rows, 3 rounds unless given; Linux only)
 */
import { execFile } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { systemClock } from "../src/ops/system-clock.ts";
import { PgReplicationSource } from "../src/postgres/replication-source.ts";
import { MODEL_OUTBOX } from "../test/support/model/model-relay.ts";
import type { BenchRelay } from "./rig.ts";
import { print, Rig, SLOT } from "./rig.ts";
import { cpuSeconds } from "./servers/processes.ts";

const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const run = promisify(execFile);
const INSERT = 0x49;
const HASH = `COALESCE(md5(aggregateid), '') COLLATE "C"`;
/** Each lets every row through, or none, so that only the filter differs; the first is what the others are compared with. */
const FILTERS = {
  none: "",
  "md5 of the key, compared once": `where (${HASH} >= '0')`,
  "md5 of the key, compared twice": `where (${HASH} >= '0' and ${HASH} < 'g')`,
  "hashtext of the key": "where (hashtext(aggregateid) & 1 < 2)",
  "sha256 of the key": `where (get_byte(sha256(decode(replace(aggregateid, '\\', '\\\\'), 'escape')), 0) < 256)`,
  "a filter that lets nothing through": "where (aggregateid is null)",
};

const rows = Number(process.argv[2] ?? 200_000);
const rounds = Number(process.argv[3] ?? 3);
const shards = [shardSettings(0), shardSettings(1)];
const rig = await Rig.start(12);
try {
  for (const shard of shards) {
    await run(process.execPath, [MAIN, "migrate", "up"], { env: { ...rig.settings, ...shard } });
  }
  const names = Object.keys(FILTERS).map((_, i) => `filter_${i}`);
  for (const [i, filter] of Object.values(FILTERS).entries()) {
    await rig.client.query(
      `create publication filter_${i} for table outbox ${filter} with (publish = 'insert')`,
    );
  }
  // First starts create the slots; what is written afterwards is the backlog of each.
  for (const settings of [{}, ...shards]) {
    const first = rig.relay(settings);
    await first.streaming();
    await first.stop();
  }
  await rig.client.query("select pg_create_logical_replication_slot('bare', 'pgoutput')");
  await rig.fill(rows, 100);
  await compareFilters(names);
  await compareRelays();
} finally {
  await rig.stop();
}

function shardSettings(index: number): Record<string, string> {
  return { RELAY_SHARD: `${index}/2` };
}

async function compareFilters(publications: readonly string[]): Promise<void> {
  const taken = publications.map(() => [] as number[]);
  for (let round = 0; round < rounds; round++) {
    for (const [i, publication] of publications.entries()) {
      taken[i]?.push(await walsenderSeconds(publication, `bare_${round}_${i}`));
    }
  }
  const medians = taken.map((seconds) => seconds.toSorted((a, b) => a - b)[rounds >> 1] ?? 0);
  const [without = 0] = medians;
  for (const [i, filter] of Object.keys(FILTERS).entries()) {
    const seconds = medians[i] ?? 0;
    print({
      way: "walsender alone",
      filter,
      cpuUsPerRow: perRow(seconds),
      ratioToNone: Number((seconds / without).toFixed(2)),
    });
  }
}

/** CPU that the walsender takes to decode the backlog for a reader that drops what it gets. */
async function walsenderSeconds(publication: string, slot: string): Promise<number> {
  await rig.client.query("select pg_copy_logical_replication_slot('bare', $1)", [slot]);
  const end = await walEnd();
  let read = 0;
  const stop = new AbortController();
  const stream = await new PgReplicationSource(bareOptions(publication, slot), systemClock).open(
    {
      message: (bytes) => {
        if (bytes[0] === INSERT) read += 1;
      },
      keepalive: (at) => {
        if (at >= end) stop.abort();
      },
      readEnd: () => undefined,
      closed: (error) => {
        throw error;
      },
    },
    new AbortController().signal,
  );
  const pid = await walsenderPid(slot);
  stream.resume();
  while (!stop.signal.aborted) await delay(5);
  const seconds = (await cpuSeconds(pid)) ?? Number.NaN;
  await stream.close();
  if (read !== 0 && read !== rows) throw new Error(`${publication} brought ${read} of ${rows}`);
  await rig.client.query("select pg_drop_replication_slot($1)", [slot]);
  return seconds;
}

/** Keepalives tell where the walsender is; after the last row there is one that is past it. */
async function walEnd(): Promise<bigint> {
  await rig.client.query("select pg_logical_emit_message(true, 'bench', '')");
  const { rows: found } = await rig.client.query<{ end: string }>(
    "select (pg_current_wal_flush_lsn() - '0/0')::text as end",
  );
  return BigInt(found[0]?.end ?? "0");
}

async function compareRelays(): Promise<void> {
  const one = await drain("one relay", [{}]);
  const two = await drain("two relays with a shard each", shards);
  print({
    way: "two against one",
    perSecond: Number((two.perSecond / one.perSecond).toFixed(2)),
    relayCpuPerRelay: Number((two.relaySeconds / 2 / one.relaySeconds).toFixed(2)),
    walsenderCpuPerSlot: Number((two.walsenderSeconds / 2 / one.walsenderSeconds).toFixed(2)),
    walsenderCpuAll: Number((two.walsenderSeconds / one.walsenderSeconds).toFixed(2)),
  });
}

interface Drain {
  readonly perSecond: number;
  readonly relaySeconds: number;
  readonly walsenderSeconds: number;
}

async function drain(
  way: string,
  settings: readonly Readonly<Record<string, string>>[],
): Promise<Drain> {
  const relays = settings.map((own) => rig.relay(own));
  for (const relay of relays) await relay.streaming();
  const before = await sum(relays.map((relay) => relay.cpuSeconds()));
  const startedMs = performance.now();
  await untilAll(relays);
  const seconds = (performance.now() - startedMs) / 1000;
  const relaySeconds = (await sum(relays.map((relay) => relay.cpuSeconds()))) - before;
  const slots = settings.map(({ RELAY_SHARD: shard }) =>
    shard === undefined ? SLOT : `${SLOT}_s${shard.replace("/", "of")}`,
  );
  const walsenders = await sum(
    slots.map(async (slot) => (await cpuSeconds(await walsenderPid(slot))) ?? Number.NaN),
  );
  const shares = await Promise.all(relays.map((relay) => relay.published()));
  for (const relay of relays) await relay.stop();
  print({
    way,
    perSecond: Math.round(rows / seconds),
    published: shares.join(" + "),
    relayCpuUsPerRow: perRow(relaySeconds),
    walsenderCpuUsPerRow: perRow(walsenders),
  });
  return { perSecond: rows / seconds, relaySeconds, walsenderSeconds: walsenders };
}

async function untilAll(relays: readonly BenchRelay[]): Promise<void> {
  for (;;) {
    const published = await sum(relays.map((relay) => relay.published()));
    if (published >= rows) return;
    await delay(20);
  }
}

async function sum(numbers: readonly Promise<number>[]): Promise<number> {
  return (await Promise.all(numbers)).reduce((total, one) => total + one, 0);
}

function perRow(seconds: number): number {
  return Number(((seconds * 1e6) / rows).toFixed(2));
}

async function walsenderPid(slot: string): Promise<number> {
  const { rows: found } = await rig.client.query<{ pid: number | null }>(
    "select active_pid as pid from pg_replication_slots where slot_name = $1",
    [slot],
  );
  const pid = found[0]?.pid ?? null;
  if (pid === null) throw new Error(`nobody reads slot ${slot}`);
  return pid;
}

/** User and system CPU of a process so far. */
function bareOptions(
  publication: string,
  slot: string,
): ConstructorParameters<typeof PgReplicationSource>[0] {
  return {
    connectionString: rig.url,
    slot,
    publications: [publication],
    tables: MODEL_OUTBOX.tables,
    columns: MODEL_OUTBOX.columns,
    connectTimeoutMs: 10_000,
    applicationName: "bench",
    walSenderTimeoutMs: 60_000,
  };
}
