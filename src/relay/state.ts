import type { RelayError } from "./errors.ts";
import type { Progress } from "./progress.ts";
import { furtherProgress, isPast } from "./progress.ts";

export type RelayStateName =
  | "starting"
  | "standby"
  | "streaming"
  | "stalled"
  | "draining"
  | "failed";

export interface RelayState {
  readonly name: RelayStateName;
  /** What is wrong, or null while all is well. */
  readonly reason: RelayError | null;
  /** When the state or its reason began, ms since 1970. */
  readonly sinceMs: number;
}

export interface StateListener {
  stateChanged(state: RelayState): void;
}

/**
 * Where a halt is met, and so what shows that its cause is past: `preflight` that it succeeds, `start` that a start is
 * judged fit, a position that something beyond it is durable.
 */
export type HaltPlace = "preflight" | "start" | Progress;

interface Held {
  readonly reason: RelayError;
  readonly place: HaltPlace;
}

/** What the present attempt meets while a halt of an earlier one is on show. */
export interface Attempt {
  readonly name: RelayStateName;
  readonly reason: RelayError | null;
}

/**
 * The one state of the relay. Tells its listener of changes of name or code, not of repetitions.
 *
 * A halt stays on show until an attempt got past its cause, or meets another halt: what attempts in between meet, a slot
 * that another relay has or a link that was cut, says nothing about it.
 */
export class StateBoard {
  readonly #wallMs: () => number;
  readonly #listener: StateListener;
  #state: RelayState;
  #held: Held | null = null;
  #attempt: Attempt | null = null;

  constructor(wallMs: () => number, listener: StateListener) {
    this.#wallMs = wallMs;
    this.#listener = listener;
    this.#state = { name: "starting", reason: null, sinceMs: wallMs() };
  }

  get state(): RelayState {
    return this.#state;
  }

  /** The halt that nothing got past yet; null when there is none. */
  get held(): Held | null {
    return this.#held;
  }

  /** Null unless a halt of an earlier attempt is on show. */
  get attempt(): Attempt | null {
    return this.#attempt;
  }

  set(name: Exclude<RelayStateName, "failed">, reason: RelayError | null = null): void {
    if (this.#held === null || name === "draining") return this.#show(name, reason);
    this.#attempt = { name, reason };
  }

  /** State `failed`, until the cause is past. */
  fail(reason: RelayError, place: HaltPlace): void {
    this.#held = { reason, place: further(this.#held, reason, place) };
    this.#attempt = null;
    this.#show("failed", reason);
  }

  /** An attempt got past what is met at `place`. */
  passed(place: "preflight" | "start"): void {
    const met = this.#held?.place;
    if (met === "preflight" || (met === "start" && place === "start")) this.#release();
  }

  /** A checkpoint with this progress is durable. */
  progressed(progress: Progress): void {
    const place = this.#held?.place;
    if (typeof place === "object" && isPast(progress, place)) this.#release();
  }

  /** This very halt is over. */
  settled(reason: RelayError): void {
    if (this.#held?.reason === reason) this.#release();
  }

  /** Somebody else got past whatever it was. */
  overtaken(): void {
    this.#release();
  }

  #release(): void {
    const attempt = this.#attempt;
    this.#held = null;
    this.#attempt = null;
    if (attempt !== null) this.#show(attempt.name, attempt.reason);
  }

  #show(name: RelayStateName, reason: RelayError | null): void {
    const { name: formerName, reason: former } = this.#state;
    const isSame =
      name === formerName && reason?.code === former?.code && reason?.message === former?.message;
    if (isSame) return;
    this.#state = { name, reason, sinceMs: this.#wallMs() };
    this.#listener.stateChanged(this.#state);
  }
}

/** An attempt that comes less far than the one before does not make its halt easier to get past. */
function further(held: Held | null, { code }: RelayError, place: HaltPlace): HaltPlace {
  if (held === null || held.reason.code !== code) return place;
  if (typeof held.place !== "object" || typeof place !== "object") return place;
  return furtherProgress(held.place, place);
}
