import type { AnnounceMoment, Moment } from "../relay/observer.ts";

type Action = "kill" | "hang" | "throw";

interface Failpoint {
  readonly action: Action;
  /** The how-manieth time the moment is met. */
  readonly count: number;
}

/**
 * Plants faults at moments of the relay, for tests: `produce-acked=kill@3` kills the process the third
 * time that moment comes; `hang` blocks it for ever, `throw` throws there. Null for a text that is no failpoint.
 */
export function failpoints(specs: readonly string[]): AnnounceMoment | null {
  const planted = new Map<string, Failpoint>();
  for (const spec of specs) {
    const match = /^([a-z-]+)=(kill|hang|throw)(?:@([1-9]\d*))?$/.exec(spec);
    if (match === null) return null;
    const [, moment, action, count] = match;
    planted.set(moment as string, { action: action as Action, count: Number(count ?? 1) });
  }
  const seen = new Map<Moment, number>();
  return (moment) => {
    const failpoint = planted.get(moment);
    if (failpoint === undefined) return;
    const times = (seen.get(moment) ?? 0) + 1;
    seen.set(moment, times);
    if (times === failpoint.count) act(failpoint.action, moment);
  };
}

function act(action: Action, moment: Moment): void {
  switch (action) {
    case "kill":
      process.kill(process.pid, "SIGKILL");
      // The signal is on its way; nothing more may happen here.
      block();
      break;
    case "hang":
      block();
      break;
    case "throw":
      throw new Error(`failpoint ${moment}`);
  }
}

function block(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}
