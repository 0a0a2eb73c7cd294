import type { Clock } from "../relay/clock.ts";
import { pause } from "../relay/clock.ts";
import { RelayError } from "../relay/errors.ts";

const PAUSE_MS = 50;

/**
 * Asks again, for at most `withinMs`, while brokers do not answer at all. Only for questions: nobody knows whether a
 * request without an answer was carried out.
 */
export async function askAgain<T>(
  clock: Clock,
  withinMs: number,
  signal: AbortSignal,
  ask: () => Promise<T>,
): Promise<T> {
  const deadlineMs = clock.monotonicMs() + withinMs;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      const isAway = error instanceof RelayError && error.code === "KAFKA_UNREACHABLE";
      if (!isAway || signal.aborted || clock.monotonicMs() >= deadlineMs) throw error;
    }
    await pause(clock, PAUSE_MS, signal);
  }
}
