import { copyFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { systemClock } from "../../../src/ops/system-clock.ts";
import { pause } from "../../../src/relay/clock.ts";
import { checkHistory } from "./check/check.ts";
import type { History } from "./check/history.ts";
import type { Verdict } from "./check/tally.ts";
import { collectHistory, drain, retainedBytes } from "./drain.ts";
import type { FaultName } from "./plan/fault.ts";
import { describeFault } from "./plan/fault.ts";
import { planFaults } from "./plan/plan.ts";
import type { RunOptions } from "./run-options.ts";
import type { Battlefield } from "./stage/battlefield.ts";
import { Nemesis } from "./stage/nemesis.ts";
import { RunLog } from "./stage/run-log.ts";
import { Scene } from "./stage/scene.ts";
import type { Servers } from "./stage/servers.ts";
import { kafkaVersion, startServers } from "./stage/servers.ts";

const PROGRESS_INTERVAL_MS = 5_000;
const SUPERVISE_INTERVAL_MS = 50;

export interface RunCounts {
  /** SIGKILLs of relays, those by a failpoint included. */
  readonly kills: number;
  /** With a take-over. */
  readonly freezes: number;
  readonly transactions: number;
  readonly brokenTransactions: number;
  readonly faults: ReadonlyMap<FaultName, number>;
  /** `cut-after` by side. */
  readonly cutsAfter: { readonly postgres: number; readonly kafka: number };
}

export interface RunResult {
  readonly options: RunOptions;
  readonly log: RunLog;
  readonly history: History;
  readonly verdicts: readonly Verdict[];
  readonly counts: RunCounts;
  readonly versions: { readonly postgres: string; readonly kafka: string };
}

/** Called with what goes on, one line at a time. */
export type Say = (line: string) => void;

/** One run from servers to verdicts. The log's folder stays; the caller decides about it. */
export async function run(options: RunOptions, say: Say, stop?: AbortSignal): Promise<RunResult> {
  const log = new RunLog();
  say(`logs in ${log.folder}`);
  const servers = await startServers(options.major, options.brokers, stop);
  try {
    return await new Run(options, servers, log, say).execute(stop);
  } finally {
    await keepKafkaLogs(servers, log);
    await servers.stop();
  }
}

class Run {
  readonly #options: RunOptions;
  readonly #servers: Servers;
  readonly #log: RunLog;
  readonly #say: Say;
  #nemesis: Nemesis | null = null;

  constructor(options: RunOptions, servers: Servers, log: RunLog, say: Say) {
    this.#options = options;
    this.#servers = servers;
    this.#log = log;
    this.#say = say;
  }

  async execute(stop?: AbortSignal): Promise<RunResult> {
    const scene = await Scene.open({
      options: this.#options,
      servers: this.#servers,
      log: this.#log,
      isDisturbedSince: (sinceMs) => this.#nemesis?.isDisturbedSince(sinceMs) ?? false,
    });
    try {
      await this.#fight(scene, stop);
      return await this.#judge(scene);
    } finally {
      await scene.close();
    }
  }

  async #fight(scene: Scene, stop?: AbortSignal): Promise<void> {
    const { minutes } = this.#options;
    const ending = new AbortController();
    const end = (): void => ending.abort();
    stop?.addEventListener("abort", end, { once: true });
    const plan = planFaults(this.#options);
    this.#log.keep(
      "plan.txt",
      plan.map((one) => `${one.atMs} ${describeFault(one.fault)}\n`).join(""),
    );
    const field: Battlefield = {
      servers: this.#servers,
      pool: scene.pool,
      fixture: scene.fixture,
      log: this.#log,
      hold: (ms) => pause(systemClock, ms, ending.signal),
    };
    this.#nemesis = new Nemesis(plan, field, () => scene.live.size);
    this.#log.restart();
    scene.startAll();
    const over = new AbortController();
    const watching = Promise.all([
      every(SUPERVISE_INTERVAL_MS, over.signal, () => scene.pool.supervise()),
      every(PROGRESS_INTERVAL_MS, over.signal, () => this.#say(this.#progress(scene))),
    ]);
    const cancel = systemClock.after(minutes * 60_000, end);
    const time = pause(systemClock, minutes * 60_000, ending.signal);
    await Promise.all([this.#nemesis.run(ending.signal), time]);
    cancel();
    await scene.load.stop();
    this.#say("faults and load have ended; the relay drains");
    await drain(scene, this.#servers);
    over.abort();
    await watching;
    stop?.throwIfAborted();
  }

  async #judge(scene: Scene): Promise<RunResult> {
    const retained = await retainedBytes(scene);
    await scene.pool.stop();
    this.#say("reading what Postgres and Kafka hold");
    const history = await collectHistory(scene, this.#options, retained);
    await scene.stopReading();
    const executed = this.#nemesis?.executed ?? [];
    const cutsAfter = executed.filter(({ fault }) => fault.name === "cut-after");
    const { rows } = await scene.fixture.client.query<{ server_version: string }>(
      "show server_version",
    );
    return {
      options: this.#options,
      log: this.#log,
      history,
      verdicts: checkHistory(history),
      counts: {
        kills: scene.pool.kills,
        freezes: scene.pool.freezes,
        transactions: scene.load.transactions,
        brokenTransactions: scene.load.broken,
        faults: countBy(executed, ({ fault }) => fault.name),
        cutsAfter: {
          postgres: cutsAfter.filter(({ lane }) => lane === "postgres").length,
          kafka: cutsAfter.filter(({ lane }) => lane === "kafka").length,
        },
      },
      versions: {
        postgres: rows[0]?.server_version ?? "",
        kafka: kafkaVersion(this.#options.brokers),
      },
    };
  }

  #progress({ load, live, pool }: Scene): string {
    const clock = (ms: number): string => new Date(ms).toISOString().slice(11, 19);
    const now = this.#nemesis?.active ?? "";
    return [
      `${clock(this.#log.elapsedMs)} of ${clock(this.#options.minutes * 60_000)}`,
      `${load.acknowledged.size} rows committed`,
      `${live.size} records read`,
      `${pool.kills} kills`,
      `${pool.freezes} freezes`,
      now === "" ? "no fault" : now,
    ].join("  ");
  }
}

function countBy<T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, number> {
  const counts = new Map<K, number>();
  for (const item of items) counts.set(keyOf(item), (counts.get(keyOf(item)) ?? 0) + 1);
  return counts;
}

async function every(ms: number, stop: AbortSignal, work: () => void): Promise<void> {
  while (!stop.aborted) {
    work();
    await pause(systemClock, ms, stop);
  }
}

async function keepKafkaLogs({ kafka }: Servers, log: RunLog): Promise<void> {
  const names = (await readdir(kafka.logs)).filter((name) => name.endsWith(".log"));
  for (const name of names)
    await copyFile(join(kafka.logs, name), join(log.folder, `kafka-${name}`));
}
