import type { Moment } from "../../../../src/relay/observer.ts";
import type { Direction } from "../../../support/chaos/fault-proxy.ts";

/** Which relays' connections to Postgres are struck. */
export type Reach = "leader" | "all";

/** The index of a broker, or every one. */
export type BrokerChoice = number | "all";

/** How slow a connection gets. */
export interface Slowness {
  readonly delayMs: number;
  readonly bytesPerSecond: number;
}

/** What happens, with everything that is left to chance decided. `holdMs` is how long it lasts. */
export type Fault =
  | { readonly name: "kill" }
  | { readonly name: "failpoint"; readonly moment: Moment; readonly count: number }
  /** `holdMs` counts from the take-over. */
  | { readonly name: "freeze"; readonly holdMs: number }
  | { readonly name: "cut-postgres"; readonly reach: Reach }
  | { readonly name: "blackhole-postgres"; readonly reach: Reach; readonly holdMs: number }
  | ({ readonly name: "slow-postgres"; readonly reach: Reach; readonly holdMs: number } & Slowness)
  | { readonly name: "cut-kafka"; readonly broker: BrokerChoice }
  | { readonly name: "blackhole-kafka"; readonly broker: BrokerChoice; readonly holdMs: number }
  | ({
      readonly name: "slow-kafka";
      readonly broker: BrokerChoice;
      readonly holdMs: number;
    } & Slowness)
  | { readonly name: "drop-kafka-answers"; readonly broker: BrokerChoice; readonly holdMs: number }
  /** The connection that carries the last of `bytes` is reset; given up after `holdMs`. */
  | {
      readonly name: "cut-after";
      readonly side: "postgres" | "kafka";
      readonly direction: Direction;
      readonly bytes: number;
      readonly holdMs: number;
    }
  | { readonly name: "kill-broker"; readonly broker: number; readonly holdMs: number }
  | { readonly name: "restart-broker"; readonly broker: number; readonly holdMs: number }
  | { readonly name: "freeze-broker"; readonly broker: number; readonly holdMs: number }
  | { readonly name: "restart-postgres"; readonly holdMs: number }
  | { readonly name: "crash-postgres"; readonly holdMs: number }
  | { readonly name: "terminate-walsender" }
  | { readonly name: "calm"; readonly holdMs: number };

export type FaultName = Fault["name"];

/** Faults of one lane follow each other; the lanes run beside each other. `calm` waits until the others rest. */
export type Lane = "relay" | "postgres" | "kafka" | "calm";

export const LANES: readonly Lane[] = ["relay", "postgres", "kafka", "calm"];

export interface PlannedFault {
  /** From the start of the load; later when the one before it in its lane takes longer. */
  readonly atMs: number;
  readonly lane: Lane;
  readonly fault: Fault;
}

/** For people: `slow-kafka broker=1 holdMs=2100 ...`. */
export function describeFault({ name, ...parameters }: Fault): string {
  const parts = Object.entries(parameters).map(([key, value]) => `${key}=${String(value)}`);
  return [name, ...parts].join(" ");
}
