/**
 * How the cost of a drain changes with one thing at a time, all else as in `npm run bench -- drain`, exactly once. Each sweep
 * is a table; its points share the servers. That all rows arrive, once and in order, is for the drains of `npm run bench` to
 * show; here the relay's own counter is taken.
 * Usage: npx node bench/sweeps.ts [SWEEP ...] [--runs N]    (all sweeps, 3 runs unless given; Linux only)
 */
import { execFile } from "node:child_process";
import { parseArgs, promisify } from "node:util";
import { median } from "./report/statistics.ts";
import { useDataFolder } from "./servers/data-folder.ts";
import { World } from "./servers/world.ts";
import { drainPoint } from "./sweeps/drain-point.ts";
import type { Sweep } from "./sweeps/points.ts";
import { SWEEPS } from "./sweeps/points.ts";

const DATA_ROWS = 2_000_000;

const { values, positionals } = parseArgs({
  options: { runs: { type: "string", default: "3" } },
  allowPositionals: true,
});
const wanted = positionals.length > 0 ? positionals : Object.keys(SWEEPS);
const unknown = wanted.find((name) => SWEEPS[name] === undefined);
if (unknown !== undefined) {
  process.stderr.write(
    `no sweep is called ${unknown}; there are ${Object.keys(SWEEPS).join(", ")}\n`,
  );
  process.exitCode = 2;
} else await measure(Number(values.runs));

async function measure(runs: number): Promise<void> {
  await promisify(execFile)("npm", ["run", "-s", "build"]);
  process.stderr.write(`servers keep their data in ${await useDataFolder(DATA_ROWS)}\n`);
  const world = await World.start(0);
  try {
    // Or Postgres would store a large payload packed, and unpack it for each reader.
    await world.client.query("alter table public.outbox alter payload set storage external");
    for (const name of wanted) {
      const sweep = SWEEPS[name];
      if (sweep !== undefined) await table(world, sweep, runs);
    }
  } finally {
    await world.stop();
  }
}

async function table(world: World, { title, points }: Sweep, runs: number): Promise<void> {
  process.stdout.write(
    `\n| ${title} | events/s | MB/s of payload | CPU, s per million events | RSS, MB |\n| ---: | ---: | ---: | ---: | ---: |\n`,
  );
  for (const point of points) {
    const drained = await drainPoint(world, point, runs);
    const perSecond = median(drained.map((one) => one.perSecond));
    const mb = (perSecond * point.payloadBytes) / 1e6;
    const cpu = median(drained.map(({ cpuPerMillion }) => cpuPerMillion));
    const rss = median(drained.map(({ rssMb }) => rssMb));
    const shown = Math.round(perSecond).toLocaleString("en");
    process.stdout.write(
      `| ${point.label} | ${shown} | ${mb.toFixed(0)} | ${cpu.toFixed(1)} | ${rss} |\n`,
    );
  }
}
