import "../../../src/kafka/kafkajs-timers.ts";
import { randomInt } from "node:crypto";
import { minutesRun } from "../option-values.ts";
import { runCampaign } from "./campaign.ts";
import { hostileRecord, keepHostileRecord } from "./hostile-record.ts";
import type { HostileOptions } from "./options.ts";
import { parseHostileOptions, USAGE } from "./options.ts";
import { drawWorld } from "./plan/draw-world.ts";
import { planText } from "./plan/texts.ts";
import { failureText } from "./report.ts";
import { runWorld } from "./stage/run-world.ts";
import type { HostileServers } from "./stage/servers.ts";
import { startServers } from "./stage/servers.ts";

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
const EXIT_INTERRUPTED = 130;

const options = parseHostileOptions(process.argv.slice(2), randomInt(1_000_000));
if (options === "help") {
  process.stdout.write(USAGE);
} else if ("problem" in options) {
  process.stderr.write(`${options.problem} (--help tells more)\n`);
  process.exitCode = EXIT_USAGE;
} else {
  // Connections that linger must not hold up the prompt.
  process.exit(await run(options));
}

async function run(chosen: HostileOptions): Promise<number> {
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());
  const say = (text: string): void => void process.stdout.write(`${text}\n`);
  say(`seed ${chosen.seed}`);
  const servers = await startServers(stop.signal);
  try {
    if (chosen.world !== null) return await runOne(chosen, chosen.world, servers, stop.signal);
    const startedMs = performance.now();
    const totals = await runCampaign(chosen, servers, say, stop.signal);
    say(totals.text());
    if (chosen.printsCauses) say(totals.causesText());
    if (chosen.isRecorded) {
      const minutes = minutesRun(chosen.minutes, performance.now() - startedMs);
      await keepHostileRecord(
        hostileRecord({ ...chosen, minutes }, totals, new Date().toISOString().slice(0, 10)),
      );
    }
    if (stop.signal.aborted) return EXIT_INTERRUPTED;
    return totals.isClean ? 0 : EXIT_FAILED;
  } finally {
    await servers.stop();
  }
}

async function runOne(
  { seed }: HostileOptions,
  number: number,
  servers: HostileServers,
  stop: AbortSignal,
): Promise<number> {
  const plan = drawWorld(seed, number);
  process.stdout.write(planText(plan));
  const outcome = await runWorld(plan, servers, stop);
  const hasHeld = outcome.failures.length === 0;
  const text = hasHeld ? `${outcome.lines.join("\n")}\nheld` : failureText(plan, outcome);
  process.stdout.write(`${text}\n`);
  return hasHeld ? 0 : EXIT_FAILED;
}
