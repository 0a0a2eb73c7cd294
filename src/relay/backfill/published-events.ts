/** A record of a topic that carries an event id. */
export interface PublishedEvent {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  /** Text of the `id` header. */
  readonly id: string;
  /**
   * Text of the `position` header, `TTTTTTTT/CCCCCCCCCCCCCCCC/NNNNNNNN`; null when the record has none that reads like
   * one: then somebody else wrote it.
   */
  readonly position: string | null;
  /** Of the record, ms since 1970: when its row was committed, or when Kafka took it where the topic says so (LogAppendTime). */
  readonly timestampMs: number;
}

/**
 * What the topics hold already, up to their ends of the moment.
 *
 * Only committed records count, and everything that was written before the call is decided first. Events are handed
 * out one at a time and not kept. Rejects with RelayError: remedy `retry` when Kafka is away, when somebody's
 * transaction stays open, and when `signal` is aborted; `halt` when a topic cannot be read as things stand. What was
 * handed out before a rejection is true, but not all: begin again.
 */
export interface PublishedEvents {
  /**
   * Calls `found` for every committed record of the topics whose timestamp is at or after `sinceMs` (0: everything there
   * is) and that has an `id` header. Topics that do not exist are no error. Bounded memory whatever the topics hold.
   * Each partition's events come in the order of their offsets.
   *
   * A record's timestamp is the commit time by the clock of Postgres, and commit times are not quite in commit order:
   * to find the rows that were committed after some moment ask for an earlier one. In a topic with LogAppendTime it is by
   * the clock of a broker, which is compared with nothing: there every event is handed out.
   *
   * Compaction leaves the newest record of a key only. The others cannot be recognised, and nothing tells of them.
   */
  since(
    topics: readonly string[],
    sinceMs: number,
    found: (event: PublishedEvent) => void,
    signal: AbortSignal,
  ): Promise<TailReport>;
  /**
   * The events of one slot's relay after `position` (exclusive) in every topic of the cluster whose name matches
   * `topicPattern`, read backwards from the end of each partition until a record at or before it (text order of
   * positions is position order). Records without a position are passed over.
   * Events come in no order to rely on.
   *
   * Records do not tell their slot. Where several relays write to a topic, the others' events are handed out too as far
   * as their positions look later, and the reading goes back further; look the ids up before you act on them. So that
   * an earlier-looking record of another relay does not end the reading, it ends only after a stretch of a thousand
   * records or more (or the log's start) in which there is one at or before the position and none after it.
   */
  after(
    topicPattern: RegExp,
    position: string,
    found: (event: PublishedEvent) => void,
    signal: AbortSignal,
  ): Promise<TailReport>;
}

export interface TailReport {
  /** How many events were handed out. */
  readonly records: number;
  /**
   * Partitions whose log begins after `sinceMs` (after `position`) because retention removed what was there: rows
   * published before cannot be recognised. Text `topic-partition`.
   */
  readonly cutShort: readonly string[];
}
