/** Exit code of a process that a second signal ended at once: 128 + SIGTERM. */
const EXIT_CUT_SHORT = 143;

/** SIGTERM and SIGINT ask for a clean stop; a second one ends the process at once, which is safe at any instruction. */
export class StopSignal {
  readonly #stop = new AbortController();
  readonly #onSignal = (): void => {
    if (this.#stop.signal.aborted) process.exit(EXIT_CUT_SHORT);
    this.#stop.abort();
  };

  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  listen(): void {
    process.on("SIGTERM", this.#onSignal);
    process.on("SIGINT", this.#onSignal);
  }
}
