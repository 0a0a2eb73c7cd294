import type { HistorySample } from "../history.ts";
import type { RecentError } from "../recent-errors.ts";
import type { KafkaStatus, Lag } from "../relay-view.ts";
import type { SlotSight } from "../slot-sight.ts";

/** All that the page shows, read at one moment. */
export interface PageFacts {
  readonly nowMs: number;
  /** Whether `/metrics` is served. */
  readonly hasMetrics: boolean;
  readonly instance: string;
  readonly version: string;
  readonly slotName: string;
  readonly state: {
    readonly name: string;
    readonly sinceMs: number;
    readonly reason: {
      readonly code: string;
      readonly message: string;
      readonly hint: string;
    } | null;
  };
  readonly isLeader: boolean;
  readonly lag: Lag | null;
  readonly publishedEvents: number;
  readonly slot: SlotSight | null;
  readonly kafka: KafkaStatus;
  /** Null before the first look. */
  readonly isPostgresReachable: boolean | null;
  readonly samples: readonly HistorySample[];
  readonly errors: readonly RecentError[];
}
