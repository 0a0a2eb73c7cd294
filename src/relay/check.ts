import { RelayError } from "./errors.ts";
import type { Finding } from "./finding.ts";
import { findingOf } from "./finding.ts";

/** One question of `outbox-relay doctor`, with its answer. Nothing is changed to find it out. */
export interface Check {
  readonly title: string;
  /** What depends on it. */
  readonly why: string;
  /** What was seen; null when it could not be asked. */
  readonly seen: string | null;
  /** What is wrong with it; empty when all is well. */
  readonly findings: readonly Finding[];
}

/** A check that could not be made, because of `findings` or of a check before it. */
export function unasked(title: string, why: string, findings: readonly Finding[] = []): Check {
  return { title, why, seen: null, findings };
}

/** An answer, without its question. */
export type Answer = Pick<Check, "seen" | "findings">;

/** The check with what `ask` answers; a RelayError that it rejects with is what is wrong, any other error is thrown on. */
export async function asked(
  title: string,
  why: string,
  ask: () => Promise<Answer>,
): Promise<Check> {
  try {
    return { title, why, ...(await ask()) };
  } catch (error) {
    if (!(error instanceof RelayError)) throw error;
    return unasked(title, why, [findingOf(error)]);
  }
}
