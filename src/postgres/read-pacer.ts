import type { Clock } from "../relay/clock.ts";

/** What a full read brings at most: libuv's buffer. */
const FULL_READ_BYTES = 64 * 1024;
const PAUSE_MS = 1;
/** Below this rate a read per row costs nothing worth a millisecond of latency. */
const ROWS_PER_SECOND_MIN = 2_000;
const WINDOW_MS = 100;

/** The socket, as far as it is paused and resumed. */
export interface Pausable {
  pause(): unknown;
  resume(): unknown;
}

/**
 * Read coalescing. The walsender makes one `send()` per row, and a reader that is faster than it
 * wakes for each of them, so both burn their CPU on system calls. Not reading for 1 ms after a turn
 * that brought less than a full buffer gathers about a hundred rows in one read.
 *
 * Also the one place that pauses and resumes the socket, so that the core's wish always wins.
 */
export class ReadPacer {
  readonly #socket: Pausable;
  readonly #clock: Clock;
  #isHeld = true;
  #isResting = false;
  #cancelRest: () => void = () => undefined;
  #windowStartMs: number;
  #windowRows = 0;
  #rowsPerSecond = 0;

  /** The socket is expected to be paused, or about to be. */
  constructor(socket: Pausable, clock: Clock) {
    this.#socket = socket;
    this.#clock = clock;
    this.#windowStartMs = clock.monotonicMs();
  }

  pause(): void {
    this.#isHeld = true;
    this.#socket.pause();
  }

  resume(): void {
    this.#isHeld = false;
    if (!this.#isResting) this.#socket.resume();
  }

  stop(): void {
    this.#cancelRest();
    this.#isResting = false;
  }

  /** All that one turn of the event loop brought has been handed over. */
  turnEnded(bytes: number, rows: number): void {
    this.#measure(rows);
    if (this.#isHeld || this.#isResting) return;
    if (bytes >= FULL_READ_BYTES || this.#rowsPerSecond < ROWS_PER_SECOND_MIN) return;
    this.#isResting = true;
    this.#socket.pause();
    this.#cancelRest = this.#clock.after(PAUSE_MS, () => {
      this.#isResting = false;
      if (!this.#isHeld) this.#socket.resume();
    });
  }

  #measure(rows: number): void {
    this.#windowRows += rows;
    const elapsedMs = this.#clock.monotonicMs() - this.#windowStartMs;
    if (elapsedMs < WINDOW_MS) return;
    this.#rowsPerSecond = (this.#windowRows * 1000) / elapsedMs;
    this.#windowRows = 0;
    this.#windowStartMs += elapsedMs;
  }
}
