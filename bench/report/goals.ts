import type { System } from "../systems/system.ts";
import { TITLES } from "../systems/system.ts";
import type { Figures } from "./figures.ts";

type Figure = readonly [name: string, system: System];

/** A bound for a figure, or for its ratio to another one of the same run. */
interface Goal {
  readonly title: string;
  readonly figure: Figure;
  readonly to?: Figure;
  readonly wanted: "at least" | "at most";
  readonly bound: number;
  readonly unit?: string;
}

export interface Verdict {
  readonly title: string;
  readonly value: number;
  readonly wanted: Goal["wanted"];
  readonly bound: number;
  readonly unit: string;
  readonly isMet: boolean;
}

/** What the relay wants to reach. Those of latency are others where `addedMs` were added to each round trip. */
function goals(addedMs: number): Goal[] {
  return [
    ...drainGoals(),
    ...(addedMs === 0 ? latencyGoals() : [delayedGoal(addedMs)]),
    ...sizeGoals(),
  ];
}

/** Of those goals whose figures are there. */
export function judge(figures: Figures, addedMs: number): Verdict[] {
  return goals(addedMs).flatMap(({ title, figure, to, wanted, bound, unit }) => {
    const value = figures.get(...figure);
    const against = to === undefined ? 1 : figures.get(...to);
    if (value === undefined || against === undefined) return [];
    const reached = value / against;
    const isMet = wanted === "at least" ? reached >= bound : reached <= bound;
    const name = to === undefined ? title : `${title}, of ${TITLES[to[1]]}`;
    return [{ title: name, value: reached, wanted, bound, unit: unit ?? "", isMet }];
  });
}

export function renderVerdicts(verdicts: readonly Verdict[]): string {
  return verdicts
    .map(({ title, value, wanted, bound, unit, isMet }) => {
      const shown = `${rounded(value)}${unit}`;
      return `${isMet ? "met   " : "missed"} ${title}: ${shown} (${wanted} ${rounded(bound)}${unit})\n`;
    })
    .join("");
}

/**
 * Against the stream alone the relay's clock runs from the start: up to its buffer's size is read ahead of the first
 * record, which would let it seem faster than what it reads from.
 */
function drainGoals(): Goal[] {
  const drain = { title: "drain, 100 rows/txn", figure: ["drain.perSecond", "relay"] } as const;
  const whole: Figure = ["drain.fromStartPerSecond", "relay"];
  const small: Figure = ["drain-small.fromStartPerSecond", "relay"];
  const wanted = "at least";
  return [
    { ...drain, figure: whole, to: ["drain.perSecond", "recvlogical"], wanted, bound: 0.8 },
    { ...drain, to: ["drain.perSecond", "at-least-once"], wanted, bound: 0.8 },
    { ...drain, to: ["drain.perSecond", "debezium-eos"], wanted, bound: 2 },
    { ...drain, to: ["drain.perSecond", "debezium"], wanted, bound: 1.5 },
    {
      title: "drain, 1 row/txn",
      figure: small,
      to: ["drain-small.perSecond", "recvlogical"],
      wanted,
      bound: 0.7,
    },
  ];
}

function latencyGoals(): Goal[] {
  const p99: Figure = ["latency.10000.p99Ms", "relay"];
  const at10k = { title: "p99 at 10,000/s", figure: p99, wanted: "at most" } as const;
  const p50: Figure = ["latency.1000.p50Ms", "relay"];
  const p50WithoutLinger: Figure = ["latency.1000.linger0.p50Ms", "relay"];
  const ms = { wanted: "at most", unit: " ms" } as const;
  return [
    { ...at10k, ...ms, bound: 20 },
    { ...at10k, to: ["latency.10000.p99Ms", "debezium"], bound: 1 / 5 },
    { ...at10k, to: ["latency.10000.p99Ms", "debezium-eos"], bound: 1 / 15 },
    { title: "p50 at 1,000/s", figure: p50, ...ms, bound: 6 },
    { title: "p50 at 1,000/s with linger 0", figure: p50WithoutLinger, ...ms, bound: 3 },
  ];
}

function delayedGoal(addedMs: number): Goal {
  return {
    title: `p99 at 10,000/s with ${addedMs.toFixed(1)} ms a round trip`,
    figure: ["latency.10000.p99Ms", "relay"],
    wanted: "at most",
    bound: 3 * addedMs + 15,
    unit: " ms",
  };
}

function sizeGoals(): Goal[] {
  const rss: Figure = ["drain.rssMb", "relay"];
  const cpu: Figure = ["drain.cpuSeconds", "relay"];
  const most = { wanted: "at most" } as const;
  return [
    { title: "RSS idle", figure: ["idle.rssMb", "relay"], ...most, bound: 120, unit: " MB" },
    { title: "RSS draining", figure: rss, ...most, bound: 180, unit: " MB" },
    { title: "RSS draining", figure: rss, to: ["drain.rssMb", "debezium"], ...most, bound: 0.1 },
    {
      title: "RSS, one large transaction",
      figure: ["big.rssMb", "relay"],
      ...most,
      bound: 180,
      unit: " MB",
    },
    {
      title: "RSS, one row of 64 MB",
      figure: ["largeRow.rssMb", "relay"],
      ...most,
      bound: 180 + 2 * 64,
      unit: " MB",
    },
    { title: "CPU per million events", figure: cpu, ...most, bound: 5, unit: " s" },
    {
      title: "CPU per million events",
      figure: cpu,
      to: ["drain.cpuSeconds", "debezium"],
      ...most,
      bound: 0.25,
    },
    { title: "CPU idle", figure: ["idle.cpuPercent", "relay"], ...most, bound: 3, unit: " %" },
  ];
}

function rounded(value: number): string {
  return Number(value.toPrecision(3)).toString();
}
