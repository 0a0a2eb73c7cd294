import type { Clock } from "../relay/clock.ts";
import { RelayError } from "../relay/errors.ts";
import type { BrokerId, Lane } from "./broker-channel.ts";
import { isUnanswered } from "./connection-fault.ts";
import { LostInPause } from "./lost-in-pause.ts";

interface Pause {
  readonly problem: RelayError;
  readonly lane: Lane;
  /** Monotonic ms. */
  readonly untilMs: number;
}

/** Pauses that brokers asked for, by the connections that they then take no requests on, for as long as they last. */
export class Throttles {
  readonly #clock: Clock;
  readonly #pauses = new Map<string, Pause>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** An answer to `request` came, and asked for a pause of `ms`; 0 for none. */
  note(broker: BrokerId, lane: Lane, request: string, ms: number): void {
    const connection = nameOf(broker, lane);
    if (ms <= 0) return void this.#pauses.delete(connection);
    const untilMs = this.#clock.monotonicMs() + ms;
    this.#pauses.set(connection, { problem: throttled(broker, request, ms), untilMs, lane });
  }

  /** The connection is given up, and its pause with it. */
  forget(broker: BrokerId, lane: Lane): void {
    this.#pauses.delete(nameOf(broker, lane));
  }

  /** Why the broker answers nothing on the connection now; null where it asked for no pause, or that is over. */
  of(broker: BrokerId, lane: Lane): RelayError | null {
    const pause = this.#pauses.get(nameOf(broker, lane));
    return pause === undefined || !this.#lasts(pause) ? null : pause.problem;
  }

  /** The same of any broker. */
  on(lane: Lane): RelayError | null {
    const pauses = [...this.#pauses.values()].filter((pause) => pause.lane === lane);
    return pauses.find((pause) => this.#lasts(pause))?.problem ?? null;
  }

  #lasts({ untilMs }: Pause): boolean {
    return this.#clock.monotonicMs() < untilMs;
  }
}

function nameOf(broker: BrokerId, lane: Lane): string {
  return `${broker} ${lane}`;
}

/** A broker's quota is used up, and it asked for a pause. */
export function throttled(broker: BrokerId, request: string, ms: number): RelayError {
  const who = broker === "any" ? "a broker" : `broker ${broker}`;
  return new RelayError(
    `${who} answered ${request} and asked for a pause of ${ms} ms: a client quota is used up`,
    {
      code: "KAFKA_THROTTLED",
      remedy: "retry",
      hint: "Raise the quota of the relay's client id or user: kafka-configs --bootstrap-server <broker> --describe --entity-type clients, then --entity-type users, show it (producer_byte_rate, consumer_byte_rate, request_percentage, controller_mutation_rate); docs/runbooks/KAFKA_THROTTLED.md has the command. The relay goes on by itself, as fast as the quota lets it.",
    },
  );
}

/** The same fault, named by the pause where there was one; `pause` is null where not. */
export function lostInPause<E>(lost: E, pause: RelayError | null): E | LostInPause {
  if (pause === null || !(lost instanceof RelayError) || !isUnanswered(lost)) return lost;
  return new LostInPause(lost, pause);
}
