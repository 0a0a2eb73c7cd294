export type FailureKind =
  | "lost"
  | "twice"
  | "invented"
  | "disordered"
  /** Neither progress nor a cause by its name, within a minute. */
  | "unnamed"
  /** Still there when it had to have ended. */
  | "late-end"
  /** The slot was held without progress. */
  | "held-slot"
  /** Asks brokers again too often. */
  | "busy"
  /** No progress once nobody was hostile any more. */
  | "stuck"
  | "crashed";

/** One thing that must not be. */
export interface Failure {
  readonly kind: FailureKind;
  readonly what: string;
}

/** A failure that makes what comes after it meaningless. */
export class WorldFailed extends Error {
  readonly failure: Failure;

  constructor(kind: FailureKind, what: string) {
    super(`${kind}: ${what}`);
    this.failure = { kind, what };
  }
}
