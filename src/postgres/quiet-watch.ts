import type { Clock } from "../relay/clock.ts";

const CHECKS_PER_LIMIT = 4;

export interface QuietEvents {
  /** Half of the limit is over: ask the other side for a sign of life. */
  ask(): void;
  giveUp(): void;
}

/**
 * Notices a link on which nothing arrives any more: a host that vanished sends no farewell.
 * After half of `limitMs` without a byte it asks for one, after all of it, and within a quarter
 * more, it gives the link up.
 *
 * Counts its own checks instead of comparing times: after the process was frozen, one check fires
 * late and is followed by a read, and the link is not given up for our own absence.
 */
export class QuietWatch {
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #events: QuietEvents;
  #quietChecks = 0;
  #isOff = false;
  #cancel: () => void = () => undefined;

  constructor(clock: Clock, limitMs: number, events: QuietEvents) {
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.#events = events;
  }

  start(): void {
    this.#cancel = this.#clock.after(this.#limitMs / CHECKS_PER_LIMIT, () => {
      this.start();
      this.#check();
    });
  }

  stop(): void {
    this.#cancel();
    this.#isOff = true;
  }

  heard(): void {
    this.#quietChecks = 0;
  }

  /** While we read nothing ourselves, silence says nothing about the link. */
  suspend(): void {
    this.#isOff = true;
  }

  resume(): void {
    this.#isOff = false;
    this.heard();
  }

  #check(): void {
    if (this.#isOff) return;
    this.#quietChecks += 1;
    // The first quiet check may follow right after a byte, so it counts for nothing.
    if (this.#quietChecks > CHECKS_PER_LIMIT) this.#events.giveUp();
    else if (this.#quietChecks > CHECKS_PER_LIMIT / 2) this.#events.ask();
  }
}
