import type { DeliveryReport } from "../relay/delivery-check.ts";
import type { RelayFixture } from "../relay/fixture.ts";
import type { RelayProcess } from "../relay/relay-process.ts";
import type { WorkloadOptions } from "../relay/workload.ts";
import { Workload } from "../relay/workload.ts";
import { until } from "../until.ts";

/** Transactions before and after a fault, so that it strikes in the middle of work. */
const TRANSACTIONS = 30;

export interface LoadOptions extends WorkloadOptions {
  /** How long the relay may take to publish what is waiting once the writers have stopped. */
  readonly recoveryMs?: number;
}

/**
 * Runs `fault` while writers are at work, lets them go on for a while, and compares what Postgres and Kafka
 * hold once `relay` has caught up. Prints the seed of the writers.
 */
export async function deliveryDespite(
  fixture: RelayFixture,
  relay: RelayProcess,
  fault: (workload: Workload) => Promise<unknown>,
  { recoveryMs = 60_000, ...options }: LoadOptions = {},
): Promise<DeliveryReport> {
  const seed = Date.now() % 10_000;
  process.stdout.write(`workload seed ${seed}\n`);
  const workload = new Workload(fixture.database.url, { seed, ...options });
  workload.start();
  try {
    await transactions(workload);
    await fault(workload);
    await transactions(workload);
  } finally {
    await workload.stop();
  }
  await fixture.reconnect();
  await fixture.caughtUp(relay, recoveryMs);
  return fixture.delivery();
}

/** Waits until the writers have ended so many more transactions. */
export async function transactions(workload: Workload, count = TRANSACTIONS): Promise<void> {
  const before = workload.transactions;
  await until(
    () => workload.transactions >= before + count,
    60_000,
    () => `${count} transactions, of which ${workload.transactions - before} were seen`,
  );
}
