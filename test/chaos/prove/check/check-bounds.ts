import type { History, Recovery } from "./history.ts";
import type { Verdict } from "./tally.ts";
import { Tally } from "./tally.ts";

const RSS_BYTES_MAX = 350 * 1024 * 1024;
const RETAINED_BYTES_MAX = 64 * 1024 * 1024;

/** The goal for the time from a kill to a standby that streams. */
const RECOVERY_P95_MS_MAX = 3_000;

/** Fewer say nothing about a percentile. */
const RECOVERIES_MIN = 20;

export interface Spread {
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number =>
    Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
  return { count: sorted.length, p50: at(0.5), p95: at(0.95), max: at(1) };
}

/** Of the kills during which nothing else was broken. */
export function clearSpread(recoveries: readonly Recovery[]): Spread {
  return spreadOf(recoveries.filter(({ isClear }) => isClear).map(({ ms }) => ms));
}

/** R: it always comes back by itself, and after a kill alone soon. */
export function checkRecovery({ recoveries, troubles }: History): Verdict {
  const tally = new Tally("R", "the relay comes back by itself");
  for (const trouble of troubles) tally.expect(false, () => trouble);
  for (const _recovery of recoveries) tally.expect(true, () => "");
  const { count, p50, p95, max } = clearSpread(recoveries);
  if (count >= RECOVERIES_MIN) {
    tally.expect(p95 <= RECOVERY_P95_MS_MAX, () => `95 % of take-overs took up to ${p95} ms`);
  }
  return tally.verdict(
    `${count} take-overs after a kill alone: p50 ${p50} ms, p95 ${p95} ms, max ${max} ms`,
  );
}

/** M */
export function checkMemory({ relayRssBytesMax }: History): Verdict {
  const tally = new Tally("M", "a relay's memory stays below 350 MiB");
  const mebibytes = Math.round(relayRssBytesMax / 1024 / 1024);
  tally.expect(relayRssBytesMax <= RSS_BYTES_MAX, () => `${mebibytes} MiB`);
  return tally.verdict(`at most ${mebibytes} MiB`);
}

/** W */
export function checkRetained({ retainedBytes }: History): Verdict {
  const tally = new Tally("W", "the slot holds back less than 64 MiB after the drain");
  const mebibytes = (retainedBytes / 1024 / 1024).toFixed(1);
  tally.expect(retainedBytes <= RETAINED_BYTES_MAX, () => `${mebibytes} MiB`);
  return tally.verdict(`${mebibytes} MiB`);
}
