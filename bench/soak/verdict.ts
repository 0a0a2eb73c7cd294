import { slope } from "../report/statistics.ts";

/** The relay in one second. */
export interface Sample {
  /** Since the load began. */
  readonly second: number;
  readonly phase: string;
  readonly rssMb: number;
  /** The longest delay of the event loop since the sample before, ms. */
  readonly stallMs: number;
  /** The longest without the time in which it was ready to run and others had the core. */
  readonly ownStallMs: number;
  /** The same of an idle process beside it: what the machine alone makes everybody wait. */
  readonly controlMs: number;
  /** Age of the oldest event that is not durable at Kafka. */
  readonly lagSeconds: number;
}

export interface SoakVerdict {
  readonly rssMbMin: number;
  readonly rssMbMax: number;
  /** Over the second half: the slope of its line of least squares, times its length. */
  readonly rssGrowthMb: number;
  readonly stallMsMax: number;
  readonly ownStallMsMax: number;
  /** When the longest one of its own was. */
  readonly stallPhase: string;
  readonly controlMsMax: number;
  readonly lagSecondsMax: number;
  /** What is not as it should be; empty is a pass. */
  readonly problems: readonly string[];
}

/** Above this memory counts as growing: what garbage collection makes of an hour's noise stays below. */
const GROWTH_MB_MAX = 5;
const STALL_MS_MAX = 50;

/** `written` and `published`: rows committed, events counted by the relay. Throws without samples. */
export function judgeSoak(
  samples: readonly Sample[],
  { written, published }: { readonly written: number; readonly published: number },
): SoakVerdict {
  const longest = samples.reduce((worst, one) => (one.ownStallMs > worst.ownStallMs ? one : worst));
  const rss = samples.map(({ rssMb }) => rssMb);
  const rssGrowthMb = growth(samples.slice(Math.floor(samples.length / 2)));
  const problems: string[] = [];
  if (rssGrowthMb > GROWTH_MB_MAX) {
    problems.push(`RSS grew by ${rssGrowthMb.toFixed(1)} MB over the second half`);
  }
  if (longest.ownStallMs > STALL_MS_MAX) {
    problems.push(`the event loop stood still for ${longest.ownStallMs.toFixed(0)} ms`);
  }
  if (published !== written) problems.push(`${written} rows written, ${published} published`);
  return {
    rssMbMin: Math.min(...rss),
    rssMbMax: Math.max(...rss),
    rssGrowthMb,
    stallMsMax: Math.max(...samples.map(({ stallMs }) => stallMs)),
    ownStallMsMax: longest.ownStallMs,
    stallPhase: longest.phase,
    controlMsMax: Math.max(...samples.map(({ controlMs }) => controlMs)),
    lagSecondsMax: Math.max(...samples.map(({ lagSeconds }) => lagSeconds)),
    problems,
  };
}

export function renderSoak(verdict: SoakVerdict): string {
  const { rssMbMin, rssMbMax, rssGrowthMb, lagSecondsMax } = verdict;
  const { stallMsMax, ownStallMsMax, stallPhase, controlMsMax } = verdict;
  return [
    `RSS ${rssMbMin} to ${rssMbMax} MB, growth over the second half ${rssGrowthMb.toFixed(1)} MB (at most ${GROWTH_MB_MAX})`,
    `longest stall of the event loop ${ownStallMsMax.toFixed(0)} ms, while "${stallPhase}" (at most ${STALL_MS_MAX})`,
    `longest with the time in which it was ready to run and others had the core ${stallMsMax.toFixed(0)} ms`,
    `longest of an idle process beside it ${controlMsMax.toFixed(0)} ms: that much the machine makes everybody wait`,
    `largest lag ${lagSecondsMax.toFixed(1)} s`,
    ...verdict.problems.map((problem) => `missed: ${problem}`),
    verdict.problems.length === 0 ? "passed" : "not passed",
    "",
  ].join("\n");
}

function growth(samples: readonly Sample[]): number {
  const seconds = samples.map(({ second }) => second);
  const perSecond = slope(
    seconds,
    samples.map(({ rssMb }) => rssMb),
  );
  return perSecond * ((seconds.at(-1) ?? 0) - (seconds[0] ?? 0));
}
