import type { RelayError } from "../errors.ts";
import type { Finding } from "../finding.ts";
import type { OutboundRecord } from "../record/outbound-record.ts";

/** Records in commit order and the checkpoint that covers exactly them; either all of it becomes visible or nothing. */
export interface SinkBatch {
  /** May be empty: progress without events is a checkpoint too. */
  readonly records: readonly OutboundRecord[];
  /** Value of the checkpoint record; its key is the sink's own. */
  readonly checkpoint: Uint8Array;
  /** What is to last beside the checkpoint, for people: values by names that occur once. Kept at `<slot>#<name>`. */
  readonly notes?: ReadonlyMap<string, Uint8Array>;
}

export interface Sink {
  /** Reaches the cluster as `probe` does and checks the checkpoint topic and the rights; creates the checkpoint topic when it is missing. All findings at once. */
  preflight(signal: AbortSignal): Promise<readonly Finding[]>;
  /**
   * Whether an `open` now would reach all that it needs; keeps the connections to it warm. Changes nothing and fences
   * nobody, so a relay that stands by may call it as often as it likes. Rejects with RelayError.
   */
  probe(signal: AbortSignal): Promise<void>;
  /** The last committed checkpoint, without fencing anybody; null when there is none. For decisions before the slot is ours. */
  peek(signal: AbortSignal): Promise<Uint8Array | null>;
  /**
   * Fences every predecessor, commits an incarnation record (the barrier), and reads back the last
   * committed checkpoint below it; null when there never was one. After it, whatever an earlier
   * incarnation had in flight is committed and in that checkpoint, or aborted for ever.
   * Throws away what was open before. Rejects with RelayError.
   */
  open(signal: AbortSignal): Promise<Uint8Array | null>;
  /**
   * Publishes one batch and its checkpoint. Calls may overlap up to `inFlightMax`; batches become
   * durable in the order of the calls. Resolves once the batch is durable. After the first rejection
   * (remedy `reopen`: outcome unknown) all later batches reject too, until `open` is called again.
   * `next` is called when the sink could begin with another batch, which may be before this one is durable. Who hands
   * it over earlier is not refused, but under load those who wait hand over larger batches.
   */
  publish(batch: SinkBatch, next?: () => void): Promise<void>;
  /** How long looks and openings have read the checkpoint topic so far, ms: a long log takes long, and is no standstill. */
  readonly readingMs: number;
  /** Bytes of records that a batch may have, so that it is durable in time; infinite unless batches took too long. */
  readonly batchBytesMax: number;
  /** How many `publish` calls may overlap. */
  readonly inFlightMax: number;
  /** Learns partitions and limits of topics not known yet, creating them where the settings say so; a topic that is missing afterwards makes `refuse` answer. `again` forgets what was known. */
  learn(topics: readonly string[], again: boolean, signal: AbortSignal): Promise<void>;
  /** Whether `learn` has seen this topic since the last `open`. */
  knows(topic: string): boolean;
  /** Why this record can never be published as things stand, or null. Pure and cheap; only for known topics. */
  refuse(record: OutboundRecord): RelayError | null;
  /**
   * What the last request with records was answered by, as Kafka names the error, or why none is sent now; null when all
   * went well or none was sent.
   */
  readonly lastFault: string | null;
  /** Hangs up; what was in flight has an unknown outcome, settled by the next `open`. Idempotent, never rejects. */
  close(): Promise<void>;
}
