/**
 * Looks at the event loop from inside the relay's process, which loads this before its own program: how long each turn took,
 * and how much of that the thread was ready to run while others had the core. Each second the longest of both go to the
 * file that SOAK_STALLS names, as a line of JSON. Linux only.
 */
import { appendFileSync, readFileSync } from "node:fs";

/** The longest delays in one second, ms. */
export interface Stalls {
  readonly stallMs: number;
  /** Without the time in which others had the core. */
  readonly ownMs: number;
}

const TICK_MS = 5;
const TELL_MS = 1_000;
const SCHEDSTAT = `/proc/self/task/${process.pid}/schedstat`;

let lastMs = performance.now();
let lastWaitedMs = waitedMs();
let longest: Stalls = { stallMs: 0, ownMs: 0 };

setInterval(look, TICK_MS).unref();
setInterval(tell, TELL_MS).unref();

function look(): void {
  const [nowMs, nowWaitedMs] = [performance.now(), waitedMs()];
  const stallMs = Math.max(0, nowMs - lastMs - TICK_MS);
  const ownMs = Math.max(0, stallMs - (nowWaitedMs - lastWaitedMs));
  longest = {
    stallMs: Math.max(longest.stallMs, stallMs),
    ownMs: Math.max(longest.ownMs, ownMs),
  };
  [lastMs, lastWaitedMs] = [nowMs, nowWaitedMs];
}

function tell(): void {
  appendFileSync(process.env["SOAK_STALLS"] ?? "", `${JSON.stringify(longest)}\n`);
  longest = { stallMs: 0, ownMs: 0 };
}

/** Time that this thread has been ready to run without a core, ms: the second field (kernel, sched-stats). */
function waitedMs(): number {
  return Number(readFileSync(SCHEDSTAT, "utf8").split(" ")[1]) / 1e6;
}
