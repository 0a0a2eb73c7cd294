/** What is measured; the columns of the table, in this order. */
export const SYSTEMS = [
  "relay",
  "at-least-once",
  "recvlogical",
  "producer-perf",
  "debezium",
  "debezium-eos",
] as const;

export type System = (typeof SYSTEMS)[number];

/** Those that bring rows to Kafka. */
export type PublisherName = Exclude<System, "recvlogical" | "producer-perf">;

export const TITLES: Readonly<Record<System, string>> = {
  relay: "relay exactly-once",
  "at-least-once": "relay at-least-once",
  recvlogical: "pg_recvlogical",
  "producer-perf": "kafka-producer-perf-test",
  debezium: "Debezium",
  "debezium-eos": "Debezium exactly-once",
};

export function isPublisher(system: System): system is PublisherName {
  return system !== "recvlogical" && system !== "producer-perf";
}

/** One measured run: its slot; its topic is `<run>.order`. Lower-case letters, digits and underscores. */
export type Run = string;

/** A publisher at work. */
export interface Running {
  readonly pid: number;
  /** Ends this run's work; the process may stay. */
  stop(): Promise<void>;
}

/** Something that brings the rows of a slot to Kafka. */
export interface Publisher {
  /** Makes the run's slot where the log is now; the run's topic exists. */
  prepare(run: Run): Promise<void>;
  /** Resolves once it is at work, or about to be. */
  begin(run: Run): Promise<Running>;
  close(): Promise<void>;
}
