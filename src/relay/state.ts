import type { RelayError } from "./errors.ts";

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

/** The one state of the relay. Tells its listener of changes of name or code, not of repetitions. */
export class StateBoard {
  readonly #wallMs: () => number;
  readonly #listener: StateListener;
  #state: RelayState;

  constructor(wallMs: () => number, listener: StateListener) {
    this.#wallMs = wallMs;
    this.#listener = listener;
    this.#state = { name: "starting", reason: null, sinceMs: wallMs() };
  }

  get state(): RelayState {
    return this.#state;
  }

  set(name: RelayStateName, reason: RelayError | null = null): void {
    const { name: formerName, reason: former } = this.#state;
    const isSame =
      name === formerName && reason?.code === former?.code && reason?.message === former?.message;
    if (isSame) return;
    this.#state = { name, reason, sinceMs: this.#wallMs() };
    this.#listener.stateChanged(this.#state);
  }
}
