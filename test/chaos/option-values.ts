const MINUTES_MAX = 24 * 60;

/** What a command line asks for is not to be had; the message is one line. */
export class UsageError extends Error {}

export function whole(flag: string, text: string, min: number, max: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new UsageError(`${flag} takes a whole number from ${min} to ${max}, not "${text}"`);
}

/** More than none, up to a day. */
export function minutesOf(text: string): number {
  const minutes = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (minutes > 0 && minutes <= MINUTES_MAX) return minutes;
  throw new UsageError(`--minutes takes a number up to ${MINUTES_MAX}, not "${text}"`);
}

/** For a record: how long a campaign of so many minutes really ran, which is less when it was interrupted. One decimal. */
export function minutesRun(planned: number, elapsedMs: number): number {
  return Math.min(planned, Math.floor(elapsedMs / 6_000) / 10);
}
