import type { RetryOptions } from "./backoff.ts";
import type { OutboxOptions } from "./intake.ts";

/** What the core needs to know from the settings. All times in ms, all sizes in bytes. */
export interface RelayOptions {
  readonly slot: string;
  readonly slotCreate: "if-missing" | "never";
  /** Whether the first start publishes what is in the tables already. */
  readonly snapshot: "initial" | "never";
  readonly instance: string;
  readonly outbox: OutboxOptions;
  /** `0/2` for the first of two relays that divide the rows among them; null for one that has them all. */
  readonly shard: string | null;
  /** Fingerprint of the settings that give rows their index: tables and publication. */
  readonly configFingerprint: string;
  readonly statusIntervalMs: number;
  readonly batchEventsMax: number;
  readonly batchBytesMax: number;
  readonly lingerMs: number;
  /** Reading pauses above this much waiting and in flight, and goes on below half of it. */
  readonly bufferBytesMax: number;
  readonly checkpointIntervalMs: number;
  /** How often publication and tables are looked at while the stream runs. */
  readonly lookIntervalMs: number;
  /** 0 means never. */
  readonly sinkStallReleaseMs: number;
  readonly standbyPollIntervalMs: number;
  readonly shutdownTimeoutMs: number;
  readonly retry: RetryOptions;
}

/** Idle progress worth a checkpoint before its interval is over. */
export const IDLE_WAL_BYTES_MAX = 16 * 1024 * 1024;

/** How often publication and tables are looked at while the stream runs. */
export const LOOK_INTERVAL_MS = 5_000;

/** How often a relay that stands by makes sure that it could publish, and keeps its connections warm. */
export const STANDBY_PROBE_INTERVAL_MS = 5_000;

/** How long unconfirmed work may hold up a server that is shutting down. */
export const SERVER_SHUTDOWN_GRACE_MS = 5_000;

/** How long batches in flight may take to become durable once the stream is gone. */
export const LAST_BATCHES_MS = 2_000;
