import type { DeliveryReport } from "../relay/delivery-check.ts";
import type { RelayFixture } from "../relay/fixture.ts";
import type { RelayProcess } from "../relay/relay-process.ts";
import type { WorkloadOptions } from "../relay/workload.ts";
import { Workload } from "../relay/workload.ts";
import { until } from "../until.ts";

/** Transactions before and after a fault, so that it strikes in the middle of work. */
const TRANSACTIONS = 30;

/** How long the writers may take for the transactions before and after a fault. */
const PROGRESS_MS = 30_000;
/** The same where the fault may keep the writers themselves away from Postgres for a while. */
const LATE_PROGRESS_MS = 60_000;

let seed = Date.now() % 10_000;

export interface LoadOptions extends WorkloadOptions {
  readonly progressMs?: number;
}

/** Runs `fault` while writers write, before and after it too. Prints the seed of the writers. */
export async function underLoad(
  fixture: RelayFixture,
  fault: (workload: Workload) => Promise<unknown>,
  { progressMs = PROGRESS_MS, ...options }: LoadOptions = {},
): Promise<void> {
  seed += 1;
  process.stdout.write(`workload seed ${seed}\n`);
  const workload = new Workload(fixture.database.url, { seed, ...options });
  workload.start();
  try {
    await transactions(workload, TRANSACTIONS, progressMs);
    await fault(workload);
    await transactions(workload, TRANSACTIONS, progressMs);
  } finally {
    await workload.stop();
  }
}

export interface DeliveryOptions extends WorkloadOptions {
  /** How long the relay may take to publish what is waiting once the writers have stopped. */
  readonly recoveryMs?: number;
}

/** The same, and compares what Postgres and Kafka hold once `relay` has caught up. */
export async function deliveryDespite(
  fixture: RelayFixture,
  relay: RelayProcess,
  fault: (workload: Workload) => Promise<unknown>,
  { recoveryMs = 60_000, ...options }: DeliveryOptions = {},
): Promise<DeliveryReport> {
  await underLoad(fixture, fault, { progressMs: LATE_PROGRESS_MS, ...options });
  await fixture.reconnect();
  await fixture.caughtUp(relay, recoveryMs);
  return fixture.delivery();
}

/** Waits until the writers have ended so many more transactions. */
export async function transactions(
  workload: Workload,
  count = TRANSACTIONS,
  deadlineMs = LATE_PROGRESS_MS,
): Promise<void> {
  const before = workload.transactions;
  await until(
    () => workload.transactions > before + count,
    deadlineMs,
    () => `${count} transactions, of which ${workload.transactions - before} were seen`,
  );
}
