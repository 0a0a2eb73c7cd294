const LINE_INTERVAL_MS = 2_000;
const TERMINAL_INTERVAL_MS = 200;

/** One line of counters: rewritten in place on a terminal, written every two seconds elsewhere. */
export class Counters {
  readonly #line: () => string;
  readonly #isTerminal = process.stdout.isTTY === true;
  #timer: NodeJS.Timeout | null = null;
  readonly #startedMs = performance.now();

  constructor(line: () => string) {
    this.#line = line;
  }

  start(): void {
    const intervalMs = this.#isTerminal ? TERMINAL_INTERVAL_MS : LINE_INTERVAL_MS;
    this.#timer = setInterval(() => this.#show(), intervalMs);
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.#show();
    if (this.#isTerminal) process.stdout.write("\n");
  }

  /** A sentence of its own above the counters. */
  say(sentence: string): void {
    const clear = this.#isTerminal ? "\r\u001b[2K" : "";
    process.stdout.write(`${clear}${this.#elapsed()}  ${sentence}\n`);
  }

  #show(): void {
    const text = `${this.#elapsed()}  ${this.#line()}`;
    process.stdout.write(this.#isTerminal ? `\r\u001b[2K${text}` : `${text}\n`);
  }

  #elapsed(): string {
    return `${((performance.now() - this.#startedMs) / 1000).toFixed(1).padStart(5)} s`;
  }
}
