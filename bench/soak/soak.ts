import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import type { BenchRelay } from "../rig.ts";
import { rssMb } from "../servers/processes.ts";
import type { World } from "../servers/world.ts";
import { PARTITIONS } from "../servers/world.ts";
import { RelayPublisher } from "../systems/relay-publisher.ts";
import type { Phase } from "./load.ts";
import { CYCLE, rowsOf } from "./load.ts";
import { StallReader } from "./stall-reader.ts";
import type { Stalls } from "./stall-watch.ts";
import type { Sample, SoakVerdict } from "./verdict.ts";
import { judgeSoak } from "./verdict.ts";

const RUN = "soak";
const WATCH = new URL("./stall-watch.ts", import.meta.url).href;
const CATCH_UP_MS = 120_000;
const PROGRESS_SAMPLES = 60;
/** Old segments go, so that an hour fits on a disk. */
const TOPIC_SETTINGS = ["retention.bytes=67108864", "segment.bytes=33554432"];

export interface SoakResult {
  readonly written: number;
  readonly verdict: SoakVerdict;
  readonly samples: readonly Sample[];
}

/** A mixed load for `minutes`, with the relay looked at each second. Whole cycles of the load are not needed. */
export async function soak(
  world: World,
  minutes: number,
  progress: (line: string) => void,
): Promise<SoakResult> {
  await world.kafka.createTopic(`${RUN}.order`, PARTITIONS, TOPIC_SETTINGS);
  const file = join(world.folder, "stalls");
  const stalls = new StallReader(file);
  const watched = { NODE_OPTIONS: `--import ${WATCH}`, SOAK_STALLS: file };
  const relay = new RelayPublisher(world, watched).start(RUN);
  await relay.streaming();
  const sampler = new Sampler(relay, stalls, progress);
  const sampling = sampler.run();
  const written = await load(world, minutes * 60, sampler, progress);
  const published = await settled(relay, written);
  sampler.stop();
  await sampling;
  await relay.stop();
  if (!stalls.hasHeard) throw new Error("nothing was reported about the relay's event loop");
  const { samples } = sampler;
  return { written, verdict: judgeSoak(samples, { written, published }), samples };
}

async function load(
  world: World,
  seconds: number,
  sampler: Sampler,
  progress: (line: string) => void,
): Promise<number> {
  const endMs = performance.now() + seconds * 1000;
  let written = 0;
  for (let i = 0; performance.now() < endMs; i++) {
    const phase = CYCLE[i % CYCLE.length];
    if (phase === undefined) throw new RangeError("the cycle has no phases");
    if (i % CYCLE.length === 0) await world.client.query("truncate public.outbox");
    progress(`${phase.name}: ${rowsOf(phase).toLocaleString("en")} rows`);
    sampler.phase = phase.name;
    await play(world, phase);
    written += rowsOf(phase);
  }
  return written;
}

/** A phase lasts its time, or longer where writing takes longer. */
async function play(world: World, { seconds, rate, burst }: Phase): Promise<void> {
  const lasting = delay(seconds * 1000);
  if (burst !== undefined) {
    await world.client.query(`call bench.fill(${burst.rows}, ${burst.perTransaction})`);
  }
  if (rate !== undefined) await world.pace(rate, seconds);
  await lasting;
}

async function settled(relay: BenchRelay, written: number): Promise<number> {
  const deadlineMs = performance.now() + CATCH_UP_MS;
  let published = await relay.published();
  while (published < written && performance.now() < deadlineMs) {
    await delay(1_000);
    published = await relay.published();
  }
  return published;
}

/** Looks at the relay each second, by its metrics and its process. */
class Sampler {
  readonly samples: Sample[] = [];
  phase = "start";
  readonly #relay: BenchRelay;
  readonly #stalls: StallReader;
  readonly #progress: (line: string) => void;
  /** Of this process, which has little to do: what it waits, the machine makes everybody wait. */
  readonly #control = monitorEventLoopDelay({ resolution: 10 });
  #isStopped = false;

  constructor(relay: BenchRelay, stalls: StallReader, progress: (line: string) => void) {
    this.#relay = relay;
    this.#stalls = stalls;
    this.#progress = progress;
  }

  async run(): Promise<void> {
    const startedMs = performance.now();
    this.#control.enable();
    for (let second = 0; !this.#isStopped; second++) {
      const metrics = await this.#relay.metrics();
      const stalls = await this.#stalls.next();
      // The first one covers the start.
      if (second > 0) this.samples.push(await this.#sample(metrics, stalls, second));
      if (second % PROGRESS_SAMPLES === PROGRESS_SAMPLES - 1) this.#tell();
      await delay(Math.max(0, startedMs + (second + 1) * 1000 - performance.now()));
    }
  }

  stop(): void {
    this.#isStopped = true;
    this.#control.disable();
  }

  async #sample(metrics: string, { stallMs, ownMs }: Stalls, second: number): Promise<Sample> {
    const controlMs = this.#control.max / 1e6;
    this.#control.reset();
    return {
      second,
      phase: this.phase,
      rssMb: await rssMb(this.#relay.pid),
      stallMs,
      ownStallMs: ownMs,
      controlMs,
      lagSeconds: valueOf(metrics, "relay_lag_seconds"),
    };
  }

  #tell(): void {
    const last = this.samples.slice(-PROGRESS_SAMPLES);
    const stallMs = Math.max(...last.map((one) => one.stallMs));
    const ownMs = Math.max(...last.map((one) => one.ownStallMs));
    const lag = Math.max(...last.map((one) => one.lagSeconds));
    this.#progress(
      `  ${last.at(-1)?.rssMb} MB; in the last minute: stall at most ${stallMs.toFixed(0)} ms (own ${ownMs.toFixed(0)}), lag ${lag.toFixed(1)} s`,
    );
  }
}

function valueOf(metrics: string, name: string): number {
  const found = new RegExp(`^${name}(?:\\{[^}]*\\})? ([\\d.e+-]+)$`, "m").exec(metrics)?.[1];
  if (found === undefined) throw new Error(`/metrics has no ${name}`);
  return Number(found);
}
