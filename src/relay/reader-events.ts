import type { RelayError } from "./errors.ts";

/** What the reader tells the session. */
export interface ReaderEvents {
  /** There may be something to publish. */
  progressed(): void;
  /** Postgres waits for progress without records to be confirmed. */
  idleWanted(): void;
  /** A row or message that cannot be published; nothing after it is read. RelayError, or a bug. */
  refused(error: unknown): void;
  /** The catalog could not be asked. RelayError, or a bug. */
  failed(error: unknown): void;
  /** The stream ended by itself. */
  closed(error: RelayError): void;
}
