import type { PublishedEvents } from "./backfill/published-events.ts";
import type { ReplicationSource } from "./capture/replication-stream.ts";
import type { SourceDatabase } from "./capture/source-database.ts";
import type { Clock } from "./clock.ts";
import type { Observer } from "./observer.ts";
import type { Sink } from "./publish/sink.ts";

/** The outside world as the relay sees it. */
export interface RelayPorts {
  readonly source: ReplicationSource;
  readonly database: SourceDatabase;
  readonly sink: Sink;
  /** What is at Kafka already; asked after a gap only. */
  readonly published: PublishedEvents;
  readonly clock: Clock;
  readonly observer: Observer;
}
