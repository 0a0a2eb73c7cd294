import type { SlotFacts, SourceDatabase } from "../relay/capture/source-database.ts";
import type { Clock } from "../relay/clock.ts";
import { pause } from "../relay/clock.ts";
import { RelayError } from "../relay/errors.ts";

const POLL_INTERVAL_MS = 5_000;

/** Looks at the slot every five seconds, for status and metrics; on every relay, streaming or not. */
export class SlotMonitor {
  readonly name: string;
  readonly #database: SourceDatabase;
  readonly #clock: Clock;
  #facts: SlotFacts | null = null;
  errors = 0;

  constructor(name: string, database: SourceDatabase, clock: Clock) {
    this.name = name;
    this.#database = database;
    this.#clock = clock;
  }

  /** What was seen last; null before the first look and while the database cannot be asked. */
  get facts(): SlotFacts | null {
    return this.#facts;
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.look(signal);
      await pause(this.#clock, POLL_INTERVAL_MS, signal);
    }
  }

  async look(signal: AbortSignal): Promise<void> {
    try {
      this.#facts = await this.#database.slot(signal);
    } catch (error) {
      if (!(error instanceof RelayError)) throw error;
      this.#facts = null;
      this.errors += 1;
    }
  }
}
