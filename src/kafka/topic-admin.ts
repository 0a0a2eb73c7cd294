export interface NewTopic {
  readonly topic: string;
  readonly partitions: number;
  /** -1: what the broker is set to. */
  readonly replicationFactor: number;
  readonly config?: Readonly<Record<string, string>>;
}

/** The one thing that needs more of a client library than bytes to a broker and back. */
export interface TopicAdmin {
  /** A topic that somebody else just created is fine. Rejects with RelayError (remedy `retry`). */
  create(topics: readonly NewTopic[]): Promise<void>;
}
