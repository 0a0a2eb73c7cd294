import type { PostgresMajor } from "../../../src/demo/services/postgres-binaries.ts";
import type { Delivery } from "./check/history.ts";
import type { FaultName } from "./plan/fault.ts";

/** What one run is made of; plan and load follow from it. */
export interface RunOptions {
  readonly seed: number;
  readonly minutes: number;
  readonly major: PostgresMajor;
  readonly brokers: 1 | 3;
  readonly faults: readonly FaultName[];
  readonly delivery: Delivery;
}
