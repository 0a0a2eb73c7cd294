import type { FaultProxy } from "../../../support/chaos/fault-proxy.ts";
import type { RelayFixture } from "../../../support/relay/fixture.ts";
import type { Slowness } from "../plan/fault.ts";
import type { RelayPool } from "./relay-pool.ts";
import type { RunLog } from "./run-log.ts";
import type { Servers } from "./servers.ts";

/** What the faults strike at. */
export interface Battlefield {
  readonly servers: Servers;
  readonly pool: RelayPool;
  readonly fixture: RelayFixture;
  readonly log: RunLog;
  /** Waits, but not longer than the run. */
  readonly hold: (ms: number) => Promise<void>;
}

/** Breaks some proxies for a while. */
export async function during(
  proxies: readonly FaultProxy[],
  fault: (proxy: FaultProxy) => void,
  hold: () => Promise<void>,
): Promise<void> {
  for (const proxy of proxies) fault(proxy);
  try {
    await hold();
  } finally {
    for (const proxy of proxies) proxy.heal();
  }
}

export function slowDown({ delayMs, bytesPerSecond }: Slowness): (proxy: FaultProxy) => void {
  return (proxy) => {
    proxy.delay(delayMs);
    proxy.throttle(bytesPerSecond);
  };
}
