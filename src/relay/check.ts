import type { Finding } from "./finding.ts";

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
