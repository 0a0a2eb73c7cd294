import type { BackfillProgress } from "./backfill/backfilled-stream.ts";
import type { PublishedEvent } from "./backfill/published-events.ts";
import { StreamTally } from "./capture/stream-tally.ts";
import type { RelayError } from "./errors.ts";
import type { Finding } from "./finding.ts";
import type { LeaderTransition } from "./leadership.ts";
import type { Lsn } from "./lsn.ts";
import type { Part } from "./publish/parts.ts";

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

/** A batch that is durable, with its checkpoint. */
export interface PublishedBatch {
  /** Its events, in commit order; none for a checkpoint alone. */
  readonly parts: readonly Part[];
  /** How many there are. */
  readonly events: number;
  /** Of all of them on the wire, about. */
  readonly bytes: number;
  /** From its first event until it was handed over; 0 without events. */
  readonly queuedMs: number;
  /** From handing it over until it was durable. */
  readonly durationMs: number;
  /** When it was durable, ms since 1970. */
  readonly durableAtMs: number;
}

/** Rows of one transaction that were moved between partitions, and are no new events. */
export interface MovedRows {
  readonly commitLsn: Lsn;
  readonly rows: number;
  /** Of the first one. */
  readonly id: string;
  readonly index: number;
}

/** What a metric or a log line is made of. Implementations never throw and never wait. */
export interface Observer {
  readonly moment: AnnounceMoment;
  /** Counted here without a call, because there is too much of it. */
  readonly tally: StreamTally;
  /** A transaction ended: how many outbox rows it had. */
  transaction(rows: number): void;
  published(batch: PublishedBatch): void;
  /** A batch that was handed over did not become durable as far as is known; it goes again after a reopening. */
  unpublished(): void;
  /** Reading was held back because the buffer is full, or goes on. */
  heldBack(isHeldBack: boolean): void;
  /** Rows that a checkpoint already covered came again and were dropped. */
  skipped(rows: number): void;
  /** Rows were passed over that moved to another partition: they were published when they were inserted. */
  moved(rows: MovedRows): void;
  /** How far the rows from before the slot have been read; called often while it lasts. */
  backfilled(progress: BackfillProgress): void;
  /** All of them are durable: from now on this is a stream like any other. */
  backfillEnded(): void;
  /** An event is at Kafka that the promoted server does not have: who consumed it knows of something that is not. */
  phantom(event: PublishedEvent): void;
  /** This relay took the slot, or holds it no longer. */
  leader(transition: LeaderTransition): void;
  /** A standby leads: from seeing the slot free until it reads on from the checkpoint, predecessors fenced. */
  takenOver(durationMs: number): void;
  /** Something was seen that changes nothing, and that a person may want to know. */
  note(message: string): void;
  /** Preflight found something that does not stop the relay. */
  warning(finding: Finding): void;
  /** Something went wrong and is being dealt with by the error's remedy. */
  error(where: "source" | "sink" | "relay", error: RelayError): void;
}

/** For work that nobody watches; what a caller does want to hear, it puts in place of the silence. */
export function silentObserver(): Observer {
  const nothing = (): void => undefined;
  return {
    moment: nothing,
    tally: new StreamTally(),
    transaction: nothing,
    published: nothing,
    unpublished: nothing,
    heldBack: nothing,
    skipped: nothing,
    moved: nothing,
    backfilled: nothing,
    backfillEnded: nothing,
    phantom: nothing,
    leader: nothing,
    takenOver: nothing,
    note: nothing,
    warning: nothing,
    error: nothing,
  };
}

/** What became of one produce request. */
export interface ProduceAttempt {
  readonly outcome: "ok" | "retriable" | "fatal";
  /** Kafka's name of the error, or `UNREACHABLE` where no answer came; null when all went well. */
  readonly reason: string | null;
  /** From sending it until its answer, ms. */
  readonly durationMs: number;
}

/**
 * Where the time of a batch goes once it was handed over: `turn` until the transaction before it has ended, `produce` until
 * all of its records are acknowledged, `checkpoint` until the checkpoint with them is committed.
 */
export type SinkStage = "turn" | "produce" | "checkpoint";

/** What happens between sink and brokers. Implementations never throw and never wait. */
export interface SinkObserver {
  attempted(attempt: ProduceAttempt): void;
  /** A broker's quota made us wait. */
  throttled(durationMs: number): void;
  stage(stage: SinkStage, durationMs: number): void;
  /** A batch for a partition was compressed, or tried to; `sentBytes` is `plainBytes` where it would not get smaller. */
  compressed(plainBytes: number, sentBytes: number): void;
}

export const SILENT_SINK_OBSERVER: SinkObserver = {
  attempted: () => undefined,
  throttled: () => undefined,
  stage: () => undefined,
  compressed: () => undefined,
};
