import { setTimeout as delay } from "node:timers/promises";

const LINE_INTERVAL_MS = 2_000;
const TERMINAL_INTERVAL_MS = 250;

/** One line of counters: rewritten in place on a terminal, written every two seconds elsewhere. */
export class Counters {
  readonly #line: () => Promise<string>;
  readonly #fail: (error: Error) => void;
  readonly #isTerminal = process.stdout.isTTY;
  readonly #startedMs = performance.now();
  #stop: AbortController | null = null;
  #loop: Promise<void> = Promise.resolve();
  #last = "";

  constructor(line: () => Promise<string>, fail: (error: Error) => void) {
    this.#line = line;
    this.#fail = fail;
  }

  /** `isQuiet`: away from a terminal, a line that says nothing new is left out. */
  start(isQuiet = false): void {
    const stop = new AbortController();
    this.#stop = stop;
    this.#loop = this.#run(stop.signal, isQuiet).catch((error: unknown) => {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
    });
  }

  /** Leaves the last line standing. */
  async stop(): Promise<void> {
    if (this.#stop === null) return;
    this.#stop.abort();
    this.#stop = null;
    await this.#loop;
    if (this.#isTerminal) process.stdout.write("\n");
  }

  /** A sentence of its own above the counters. */
  say(sentence: string): void {
    const clear = this.#isTerminal ? "\r\u001b[2K" : "";
    process.stdout.write(`${clear}${this.#elapsed()}  * ${sentence}\n`);
  }

  async #run(stop: AbortSignal, isQuiet: boolean): Promise<void> {
    const intervalMs = this.#isTerminal ? TERMINAL_INTERVAL_MS : LINE_INTERVAL_MS;
    while (!stop.aborted) {
      await delay(intervalMs, undefined, { signal: stop }).catch(() => undefined);
      const line = await this.#line();
      if (this.#isTerminal || !isQuiet || line !== this.#last) this.#show(line);
      this.#last = line;
    }
  }

  #show(line: string): void {
    const text = `${this.#elapsed()}  ${line}`;
    // A line that wraps could not be rewritten.
    const columns = process.stdout.columns - 1;
    process.stdout.write(this.#isTerminal ? `\r\u001b[2K${text.slice(0, columns)}` : `${text}\n`);
  }

  #elapsed(): string {
    return `${((performance.now() - this.#startedMs) / 1000).toFixed(1).padStart(5)} s`;
  }
}
