/** Time and chance as the core sees them, so that a simulation can replace both. */
export interface Clock {
  /** Milliseconds that only ever grow; for timers and durations. */
  monotonicMs(): number;
  /** Milliseconds since 1970; for stamps that people read, never for decisions: at most for asking once too often. */
  wallMs(): number;
  /** Calls back once after `delayMs`; the returned function cancels. */
  after(delayMs: number, callback: () => void): () => void;
  /** A number from 0 up to 1, for jitter. */
  random(): number;
}

/** Resolves after `delayMs`, or at once when `signal` is or becomes aborted; never rejects. */
export function pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = (): void => {
      cancel();
      signal.removeEventListener("abort", done);
      resolve();
    };
    const cancel = clock.after(delayMs, done);
    signal.addEventListener("abort", done, { once: true });
  });
}
