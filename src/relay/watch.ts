import type { Clock } from "./clock.ts";
import { RelayError } from "./errors.ts";
import { SERVER_SHUTDOWN_GRACE_MS } from "./options.ts";

const CHECK_INTERVAL_MS = 250;

export interface PendingWork {
  /** Something was handed to the sink, or waits for it, and is not durable. */
  isStuck(): boolean;
  /** The sink has to answer before anything can be handed to it. */
  isOpening(): boolean;
  /** Time so far in which the sink read on and on, ms. */
  readingMs(): number;
  /** Something read could not be confirmed to Postgres yet. */
  isUnconfirmed(): boolean;
  /** Why nothing became durable, as far as somebody said; null otherwise. */
  problem(): string | null;
}

/**
 * Ends a session that holds the slot without getting anywhere: the slot keeps the WAL anyway, and a
 * stream that cannot confirm blocks a fast shutdown of Postgres (measured).
 */
export class StallWatch {
  readonly #clock: Clock;
  readonly #stallReleaseMs: number;
  readonly #work: PendingWork;
  readonly #end: (error: RelayError) => void;
  #stuckSinceMs: number | null = null;
  #shutdownSinceMs: number | null = null;
  #cancel: () => void = () => undefined;

  /** `stallReleaseMs` 0 means never. */
  constructor(
    clock: Clock,
    stallReleaseMs: number,
    work: PendingWork,
    end: (error: RelayError) => void,
  ) {
    this.#clock = clock;
    this.#stallReleaseMs = stallReleaseMs;
    this.#work = work;
    this.#end = end;
  }

  start(): void {
    this.#cancel = this.#clock.after(CHECK_INTERVAL_MS, () => {
      this.#check();
      this.start();
    });
  }

  stop(): void {
    this.#cancel();
    this.#cancel = () => undefined;
  }

  /** Something became durable. */
  progressed(): void {
    this.#stuckSinceMs = null;
  }

  serverIsShuttingDown(): void {
    this.#shutdownSinceMs ??= this.#clock.monotonicMs();
  }

  /**
   * What ended a session; where that is a stall, with what the sink was at when it was given up. `met`: what the sink
   * rejected with after that, the newest first.
   */
  explained(end: unknown, met: readonly unknown[]): unknown {
    if (!(end instanceof RelayError) || end.code !== "SINK_STALLED") return end;
    const reasons = met.filter((one) => one !== end).map(underlying);
    const reason = reasons.find((one) => one !== null) ?? null;
    if (reason === null) return end;
    return sinkStalled(this.#stallReleaseMs, `${reason.code}: ${reason.message}`, reason);
  }

  #check(): void {
    const nowMs = this.#clock.monotonicMs();
    // This clock stands still while a long log is read: who ended that would begin it again and again.
    const standingMs = nowMs - this.#work.readingMs();
    if (this.#work.isStuck() || this.#work.isOpening()) this.#stuckSinceMs ??= standingMs;
    else this.#stuckSinceMs = null;
    const shutdownMs = nowMs - (this.#shutdownSinceMs ?? nowMs);
    if (shutdownMs >= SERVER_SHUTDOWN_GRACE_MS && this.#work.isUnconfirmed()) {
      return this.#end(serverWaits());
    }
    const stuckMs = standingMs - (this.#stuckSinceMs ?? standingMs);
    if (this.#stallReleaseMs > 0 && stuckMs >= this.#stallReleaseMs) {
      this.#end(sinkStalled(this.#stallReleaseMs, this.#work.problem()));
    }
  }
}

/** What a sink was at when it was closed, or what it failed with; null where it does not say. */
function underlying(error: unknown): RelayError | null {
  if (!(error instanceof RelayError)) return null;
  return error.code === "KAFKA_CLOSED" ? underlying(error.cause) : error;
}

function sinkStalled(
  stallReleaseMs: number,
  problem: string | null,
  cause?: RelayError,
): RelayError {
  const why = problem === null ? "nothing was answered" : `the last error was ${problem}`;
  return new RelayError(
    `nothing could be published for ${stallReleaseMs} ms (${why}); the stream was closed and the slot keeps the WAL`,
    {
      code: "SINK_STALLED",
      remedy: "retry",
      hint: cause?.hint ?? "Look at Kafka. The relay goes on by itself as soon as Kafka answers.",
      cause,
    },
  );
}

function serverWaits(): RelayError {
  return new RelayError(
    "Postgres is shutting down and waits for work that cannot be confirmed; the stream was closed and the slot keeps the WAL",
    {
      code: "POSTGRES_SHUTTING_DOWN",
      remedy: "retry",
      hint: "Nothing to do: the relay comes back when Postgres does.",
    },
  );
}
