import type { AnnounceMoment, Moment } from "../relay/observer.ts";

type Action = "kill" | "hang" | "throw";

interface Failpoint {
  readonly action: Action;
  /** Of a hang, ms; null means for ever. */
  readonly durationMs: number | null;
  /** The how-manieth time the moment is met. */
  readonly count: number;
}

/**
 * Plants faults at moments of the relay, for tests: `produce-acked=kill@3` kills the process the third
 * time that moment comes; `hang` blocks its event loop for ever and `hang:5s` for five seconds (`ms` goes as well);
 * `throw` throws there. Null for a text that is no failpoint.
 */
export function failpoints(specs: readonly string[]): AnnounceMoment | null {
  const planted = new Map<string, Failpoint>();
  for (const spec of specs) {
    const match = /^([a-z-]+)=(kill|hang|throw)(?::(\d+)(m?s))?(?:@([1-9]\d*))?$/.exec(spec);
    if (match === null) return null;
    const [, moment, action, duration, unit, count] = match;
    if (duration !== undefined && action !== "hang") return null;
    planted.set(moment as string, {
      action: action as Action,
      durationMs: duration === undefined ? null : Number(duration) * (unit === "s" ? 1_000 : 1),
      count: Number(count ?? 1),
    });
  }
  const seen = new Map<Moment, number>();
  return (moment) => {
    const failpoint = planted.get(moment);
    if (failpoint === undefined) return;
    const times = (seen.get(moment) ?? 0) + 1;
    seen.set(moment, times);
    if (times === failpoint.count) act(failpoint, moment);
  };
}

function act({ action, durationMs }: Failpoint, moment: Moment): void {
  switch (action) {
    case "kill":
      process.kill(process.pid, "SIGKILL");
      // The signal is on its way; nothing more may happen here.
      block(null);
      break;
    case "hang":
      block(durationMs);
      break;
    case "throw":
      throw new Error(`failpoint ${moment}`);
  }
}

/** Nothing else of the process runs meanwhile, as in a long collection of garbage. */
function block(durationMs: number | null): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, durationMs ?? Infinity);
}
