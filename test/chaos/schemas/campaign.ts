import { startKafka } from "../../../src/demo/services/embedded-kafka.ts";
import { startPostgres } from "../../../src/demo/services/embedded-postgres.ts";
import type { PostgresMajor } from "../../../src/demo/services/postgres-binaries.ts";
import type { FailureKind } from "./check/history.ts";
import { drawWorld } from "./plan/draw-world.ts";
import type { WorldPlan } from "./plan/world-plan.ts";
import { describeWorld, failureText } from "./report.ts";
import { shrink } from "./shrink.ts";
import type { SharedServers } from "./stage/run-world.ts";
import { runWorld } from "./stage/run-world.ts";
import type { WorldOutcome } from "./stage/world.ts";
import { Totals } from "./totals.ts";

const SHRINK_TRIES_MAX = 60;

export interface CampaignOptions {
  readonly seed: number;
  readonly minutes: number;
  readonly majors: readonly PostgresMajor[];
  readonly sideBySide: number;
  readonly isShrunk: boolean;
}

export type Say = (text: string) => void;

/** Draws and runs worlds until the time is over; each failure is told, shrunk, and told again. */
export async function runCampaign(
  options: CampaignOptions,
  servers: SharedServers,
  say: Say,
  stop: AbortSignal,
): Promise<Totals> {
  const totals = new Totals();
  const endMs = performance.now() + options.minutes * 60_000;
  let next = 0;
  const work = async (): Promise<void> => {
    while (performance.now() < endMs && !stop.aborted) {
      const number = next;
      next += 1;
      const major = options.majors[number % options.majors.length] ?? 18;
      const plan = drawWorld(options.seed, number, major);
      const outcome = await tryWorld(plan, servers, totals);
      if (outcome === null || outcome.failures.length === 0) continue;
      say(failureText(plan, outcome, !options.isShrunk));
      if (options.isShrunk) await shrinkAndTell(plan, outcome, servers, say);
    }
  };
  await Promise.all(Array.from({ length: options.sideBySide }, work));
  return totals;
}

async function tryWorld(
  plan: WorldPlan,
  servers: SharedServers,
  totals: Totals,
): Promise<WorldOutcome | null> {
  try {
    const outcome = await runWorld(plan, servers);
    totals.add(plan, outcome);
    return outcome;
  } catch (error) {
    totals.addBroken(
      `${describeWorld(plan)}: ${error instanceof Error ? error.stack : String(error)}`,
    );
    return null;
  }
}

async function shrinkAndTell(
  plan: WorldPlan,
  { failures }: WorldOutcome,
  servers: SharedServers,
  say: Say,
): Promise<void> {
  const kinds = new Set<FailureKind>(failures.map(({ kind }) => kind));
  let last: WorldOutcome | null = null;
  const small = await shrink(
    plan,
    async (candidate) => {
      const outcome = await runWorld(candidate, servers).catch(() => null);
      const fails = outcome?.failures.some(({ kind }) => kinds.has(kind)) === true;
      if (fails) last = outcome;
      return fails;
    },
    SHRINK_TRIES_MAX,
  );
  if (last !== null) say(`SHRUNK: ${failureText(small, last)}`);
}

/** One Postgres of each major for all worlds, and one broker unless there are `brokers` already. */
export async function startShared(
  majors: readonly PostgresMajor[],
  stop: AbortSignal,
  brokers: readonly string[] | null = null,
): Promise<SharedServers & { stop(): Promise<void> }> {
  const settings = { max_prepared_transactions: "20" };
  const starts = [
    ...(brokers === null ? [startKafka({ brokers: 1, stop })] : []),
    ...majors.map((major) => startPostgres({ major, settings, stop })),
  ];
  const started = await Promise.allSettled(starts);
  const running = started.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  const stopAll = async (): Promise<void> => {
    await Promise.all(running.map((server) => server.stop()));
  };
  const failed = started.find((one) => one.status === "rejected");
  if (failed !== undefined) {
    await stopAll();
    throw failed.reason;
  }
  const kafka = running.find((server) => "brokers" in server);
  const urls = running.flatMap((server) => ("url" in server ? [server.url] : []));
  return {
    brokers: brokers ?? kafka?.brokers ?? [],
    postgresUrl: (major) => urls[majors.indexOf(major)] ?? "",
    stop: stopAll,
  };
}
