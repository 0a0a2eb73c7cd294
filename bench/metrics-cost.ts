/**
 * What metrics, log and HTTP cost a drain: the relay as it is, the same while it is scraped each second, and one that is
 * told to nobody. The three take turns over the same backlog, in transactions of 100 rows.
 * Usage: npx node bench/metrics-cost.ts [ROWS] [ROUNDS]    (500000 rows, 5 rounds unless given; Linux only)
 */
import { median } from "./report/statistics.ts";
import { print } from "./rig.ts";
import { drainOnce } from "./rows/drain-once.ts";
import { useDataFolder } from "./servers/data-folder.ts";
import { World } from "./servers/world.ts";
import { RelayPublisher } from "./systems/relay-publisher.ts";
import type { Publisher, Run, Running } from "./systems/system.ts";

const PER_TRANSACTION = 100;
const SCRAPE_MS = 1_000;
const SOURCE = "src/main.ts";
const SILENT = "bench/systems/relay-without-metrics.ts";

const rows = Number(process.argv[2] ?? 500_000);
const rounds = Number(process.argv[3] ?? 5);

/** Asks for its metrics as Prometheus does, only more often. */
class Scraped implements Publisher {
  readonly #relay: RelayPublisher;

  constructor(relay: RelayPublisher) {
    this.#relay = relay;
  }

  prepare(run: Run): Promise<void> {
    return this.#relay.prepare(run);
  }

  async begin(run: Run): Promise<Running> {
    const relay = this.#relay.start(run);
    await relay.streaming();
    const timer = setInterval(() => void relay.metrics(), SCRAPE_MS);
    const stop = (): Promise<void> => {
      clearInterval(timer);
      return relay.stop();
    };
    return { pid: relay.pid, stop };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

await useDataFolder(rows);
const world = await World.start(0);
try {
  await compare({
    "without metrics": new RelayPublisher(world, {}, SILENT),
    "with metrics": new RelayPublisher(world, {}, SOURCE),
    "with metrics, scraped each second": new Scraped(new RelayPublisher(world, {}, SOURCE)),
  });
} finally {
  await world.stop();
}

async function compare(publishers: Readonly<Record<string, Publisher>>): Promise<void> {
  const lanes = Object.entries(publishers).map(([name, publisher], lane) => {
    const runs = Array.from({ length: rounds + 1 }, (_, round) => `lane_${lane}_${round}`);
    return { name, publisher, runs, cpu: [] as number[], perSecond: [] as number[] };
  });
  for (const { publisher, runs } of lanes) {
    for (const run of runs) {
      await world.createTopic(run);
      await publisher.prepare(run);
    }
  }
  await world.fill(rows, PER_TRANSACTION);
  for (let round = 0; round <= rounds; round++) {
    for (const { publisher, runs, cpu, perSecond } of lanes) {
      const drained = await drainOnce(world, publisher, runs[round] ?? "", rows);
      if (round === 0) continue; // The broker is cold.
      cpu.push(((drained.cpuSeconds ?? 0) * 1e6) / rows);
      perSecond.push(drained.fromStartPerSecond ?? 0);
    }
  }
  const [first] = lanes;
  for (const { name, cpu, perSecond } of lanes) {
    print({
      relay: name,
      cpuSecondsPerMillion: median(cpu).toFixed(2),
      lowest: Math.min(...cpu).toFixed(2),
      highest: Math.max(...cpu).toFixed(2),
      ratio: (median(cpu) / median(first?.cpu ?? [])).toFixed(3),
      perSecond: Math.round(median(perSecond)),
    });
  }
}
