import type { BackfillProgress } from "./backfill/backfilled-stream.ts";
import type { PublishedEvent } from "./backfill/published-events.ts";
import type { RelayError } from "./errors.ts";
import type { Finding } from "./finding.ts";
import type { LeaderTransition } from "./leadership.ts";

/**
 * Instants at which a crash, a hang or an error is worth planting. Production code announces them and nobody listens;
 * tests do (`RELAY_FAILPOINTS`).
 */
export type Moment =
  | "begin-decoded"
  | "stream-started"
  | "fenced"
  | "barrier-committed"
  | "produce-sent"
  | "produce-answered"
  | "produce-acked"
  | "end-sent"
  | "end-acked"
  | "batch-split"
  | "batch-settled"
  | "status-sent";

/** Called synchronously at each moment; it may kill the process, block it, or throw. */
export type AnnounceMoment = (moment: Moment) => void;

/** What a metric or a log line is made of. Implementations never throw and never wait. */
export interface Observer {
  readonly moment: AnnounceMoment;
  /** A transaction with outbox rows ended: how many rows it had. */
  transaction(rows: number): void;
  /** A batch is durable: per topic the number of events, and the payload bytes of all. */
  published(eventsByTopic: ReadonlyMap<string, number>, bytes: number, durationMs: number): void;
  /** Rows that a checkpoint already covered came again and were dropped. */
  skipped(rows: number): void;
  /** How far the rows from before the slot have been read; told often while it lasts. */
  backfilled(progress: BackfillProgress): void;
  /** All of them are durable: from now on this is a stream like any other. */
  backfillEnded(): void;
  /** An event is at Kafka that the promoted server does not have: who consumed it knows of something that is not. */
  phantom(event: PublishedEvent): void;
  /** This relay took the slot, or holds it no longer. */
  leader(transition: LeaderTransition): void;
  /** A standby leads: from seeing the slot free until it reads on from the checkpoint, predecessors fenced. */
  takenOver(durationMs: number): void;
  /** Preflight found something that does not stop the relay. */
  warning(finding: Finding): void;
  /** Something went wrong and is being dealt with by the error's remedy. */
  error(where: "source" | "sink" | "relay", error: RelayError): void;
}
