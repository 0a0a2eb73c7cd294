import { randomInt } from "node:crypto";
import { isClean } from "./check/check.ts";
import type { ProveOptions } from "./options.ts";
import { parseProveOptions, USAGE } from "./options.ts";
import { keepRecord, proofRecord } from "./proof-record.ts";
import { describeRun, reportText, violationText } from "./report.ts";
import { run } from "./run.ts";
import type { RunOptions } from "./run-options.ts";

const EXIT_VIOLATED = 1;
const EXIT_USAGE = 2;
const EXIT_INTERRUPTED = 130;

const options = parseProveOptions(process.argv.slice(2), randomInt(1_000_000));
if (options === "help") {
  process.stdout.write(USAGE);
} else if ("problem" in options) {
  process.stderr.write(`${options.problem} (--help tells more)\n`);
  process.exitCode = EXIT_USAGE;
} else {
  // Connections that linger must not hold up the prompt.
  process.exit(await proveAll(options));
}

async function proveAll(prove: ProveOptions): Promise<number> {
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());
  let isAllClean = true;
  for (const one of runsOf(prove)) {
    try {
      isAllClean = (await proveOne(one, prove.isRecorded, stop.signal)) && isAllClean;
    } catch (error) {
      if (stop.signal.aborted) return EXIT_INTERRUPTED;
      process.stderr.write(`the run itself failed, seed ${one.seed}: ${String(error)}\n`);
      return EXIT_VIOLATED;
    }
  }
  return isAllClean ? 0 : EXIT_VIOLATED;
}

function runsOf({ majors, deliveries, ...rest }: ProveOptions): RunOptions[] {
  return majors.flatMap((major) => deliveries.map((delivery) => ({ ...rest, major, delivery })));
}

async function proveOne(one: RunOptions, isRecorded: boolean, stop: AbortSignal): Promise<boolean> {
  process.stdout.write(`${describeRun(one)}\n`);
  const result = await run(one, (line) => process.stdout.write(`  ${line}\n`), stop);
  process.stdout.write(reportText(result));
  const hasHeld = isClean(result.verdicts);
  if (hasHeld) result.log.remove();
  else process.stdout.write(violationText(result));
  if (isRecorded) {
    await keepRecord(proofRecord(result, new Date().toISOString().slice(0, 10)));
  }
  return hasHeld;
}
