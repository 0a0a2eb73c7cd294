import { inert } from "./inert-text.ts";

/**
 * What the relay does next.
 * - `retry`: the far side is away or busy; try again with backoff, for ever.
 * - `standby`: somebody else holds the slot; wait for it and touch nothing at Kafka.
 * - `reopen`: the outcome at Kafka is unknown; throw the producer away, fence, read the checkpoint.
 * - `halt`: publishing on would lose, repeat or corrupt; stop in state `failed` and let a person look.
 */
export type Remedy = "retry" | "standby" | "reopen" | "halt";

/** Stable: shown in `/status`, used as a metric label and as a runbook heading. */
export type ErrorCode = Uppercase<string>;

export interface RelayErrorDetails {
  readonly code: ErrorCode;
  readonly remedy: Remedy;
  /** The next step for the operator: a command where there is one. */
  readonly hint: string;
  readonly cause?: unknown;
  /** Of a halt: whether it stays after its cause is gone, until a person has decided. By default its code says so. */
  readonly lasts?: boolean;
}

/**
 * Every error that the relay raises on purpose.
 * `message` says what happened and `hint` what to do; neither holds row data or secrets. Names that others chose are in
 * them, so that both are made inert (`inert-text.ts`).
 * The lower-level error goes in `cause` and is not repeated in `message`.
 */
export class RelayError extends Error {
  readonly code: ErrorCode;
  readonly remedy: Remedy;
  readonly hint: string;
  readonly lasts: boolean | undefined;

  constructor(message: string, details: RelayErrorDetails) {
    super(inert(message), details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.code = details.code;
    this.remedy = details.remedy;
    this.hint = inert(details.hint);
    this.lasts = details.lasts;
  }
}

/** A rule of our own was broken: a bug. Crashing beats losing an event, so nobody catches it to go on. */
export class InvariantError extends Error {
  override readonly name = "InvariantError";
}

export function invariant(holds: boolean, rule: string): asserts holds {
  if (!holds) throw new InvariantError(`broken invariant: ${rule}`);
}
