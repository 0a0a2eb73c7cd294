import { randomInt } from "node:crypto";
import { minutesRun } from "../option-values.ts";
import { runCampaign, startShared } from "./campaign.ts";
import { RULES } from "./check/rules.ts";
import type { SchemasOptions } from "./options.ts";
import { parseSchemasOptions, USAGE } from "./options.ts";
import { drawWorld } from "./plan/draw-world.ts";
import { failureText, planText } from "./report.ts";
import { keepSchemaRecord, schemaRecord } from "./schema-record.ts";
import { runWorld } from "./stage/run-world.ts";

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
const EXIT_INTERRUPTED = 130;

const options = parseSchemasOptions(process.argv.slice(2), randomInt(1_000_000));
if (options === "help") {
  process.stdout.write(USAGE);
} else if (options === "rules") {
  process.stdout.write(RULES.map((rule, i) => `${i + 1}. ${rule}\n`).join(""));
} else if ("problem" in options) {
  process.stderr.write(`${options.problem} (--help tells more)\n`);
  process.exitCode = EXIT_USAGE;
} else {
  // Connections that linger must not hold up the prompt.
  process.exit(await run(options));
}

async function run(chosen: SchemasOptions): Promise<number> {
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());
  const say = (text: string): void => void process.stdout.write(`${text}\n`);
  say(`seed ${chosen.seed}, Postgres ${chosen.majors.join(", ")}`);
  const servers = await startShared(chosen.majors, stop.signal);
  try {
    if (chosen.world !== null) return await runOne(chosen, chosen.world, servers, say);
    const startedMs = performance.now();
    const totals = await runCampaign(chosen, servers, say, stop.signal);
    say(totals.text());
    if (chosen.isRecorded) {
      const minutes = minutesRun(chosen.minutes, performance.now() - startedMs);
      await keepSchemaRecord(
        schemaRecord({ ...chosen, minutes }, totals, new Date().toISOString().slice(0, 10)),
      );
    }
    if (stop.signal.aborted) return EXIT_INTERRUPTED;
    return totals.isClean ? 0 : EXIT_FAILED;
  } finally {
    await servers.stop();
  }
}

async function runOne(
  { seed, majors }: SchemasOptions,
  number: number,
  servers: Awaited<ReturnType<typeof startShared>>,
  say: (text: string) => void,
): Promise<number> {
  const plan = drawWorld(seed, number, majors[0] ?? 18);
  say(planText(plan));
  const outcome = await runWorld(plan, servers);
  if (outcome.failures.length === 0) {
    say(`${outcome.journal.lines.join("\n")}\nheld`);
    return 0;
  }
  say(failureText(plan, outcome));
  return EXIT_FAILED;
}
