/**
 * A preload (`NODE_OPTIONS=--import`): SIGUSR2 sets the wall clock an hour ahead, the next one an hour behind, then ahead
 * again. Only what `Date` tells jumps, as after a correction by the system; `performance.now` and timers go on.
 */
/** And some minutes more: a broker refuses records that are more than an hour ahead of it. */
const HOUR_MS = 3_900_000;
const RealDate = Date;
const clock = { offsetMs: 0 };

class JumpingDate extends RealDate {
  constructor(...given: [] | [number | string | Date]) {
    if (given.length === 0) super(RealDate.now() + clock.offsetMs);
    else super(given[0]);
  }

  static override now(): number {
    return RealDate.now() + clock.offsetMs;
  }
}

globalThis.Date = JumpingDate as DateConstructor;
process.on("SIGUSR2", () => {
  clock.offsetMs = clock.offsetMs > 0 ? -HOUR_MS : HOUR_MS;
});
