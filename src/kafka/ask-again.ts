import type { Clock } from "../relay/clock.ts";
import { isUnanswered } from "./connection-fault.ts";
import { LONG, Patience } from "./patience.ts";

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
  const patience = new Patience(clock, withinMs, signal, LONG);
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!isUnanswered(error)) throw error;
      await patience.again(() => error);
    }
  }
}
