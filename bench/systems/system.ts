/** What is measured; the columns of the table, in this order. Each relay has the one it is compared with beside it. */
export const SYSTEMS = [
  "relay",
  "before",
  "at-least-once",
  "before-at-least-once",
  "recvlogical",
  "producer-perf",
  "debezium",
  "debezium-eos",
] as const;

export type System = (typeof SYSTEMS)[number];

/** Those that bring rows to Kafka. */
export type PublisherName = Exclude<System, "recvlogical" | "producer-perf">;

/** The relays of this checkout, each with the one of another checkout that delivers as it does. */
export const COUNTERPARTS = { relay: "before", "at-least-once": "before-at-least-once" } as const;

export type OwnRelay = keyof typeof COUNTERPARTS;
export type RelayBefore = (typeof COUNTERPARTS)[OwnRelay];

export const TITLES: Readonly<Record<System, string>> = {
  relay: "relay exactly-once",
  before: "relay before, exactly-once",
  "at-least-once": "relay at-least-once",
  "before-at-least-once": "relay before, at-least-once",
  recvlogical: "pg_recvlogical",
  "producer-perf": "kafka-producer-perf-test",
  debezium: "Debezium",
  "debezium-eos": "Debezium exactly-once",
};

export function isOwnRelay(system: System): system is OwnRelay {
  return Object.keys(COUNTERPARTS).includes(system);
}

export function isBefore(system: System): system is RelayBefore {
  return Object.values<System>(COUNTERPARTS).includes(system);
}

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
