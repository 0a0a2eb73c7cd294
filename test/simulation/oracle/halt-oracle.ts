/** The fields of the checkpoint record that matter here. */
export interface HaltedCheckpoint {
  readonly halt?: { readonly code: string } | null;
  readonly decision?: string | null;
}

/**
 * Watches that a halt which may mean missing rows stays: once it is written down, nothing is published before a person has
 * decided, and a process that has shown it does not go on as if nothing had been.
 */
export class HaltOracle {
  readonly #violated: (text: string) => void;
  readonly #shownBy = new Map<string, string | null>();
  #halted: string | null = null;
  #decision: string | null = null;

  constructor(violated: (text: string) => void) {
    this.#violated = violated;
  }

  /** Whether the newest checkpoint holds a halt. */
  get isHalted(): boolean {
    return this.#halted !== null;
  }

  /** A checkpoint is decided. */
  stored({ halt = null, decision = null }: HaltedCheckpoint): void {
    const isCleared = this.#halted !== null && halt === null && decision === this.#decision;
    if (isCleared) this.#violated(`the halt ${this.#halted} is gone, and nobody has decided`);
    this.#halted = halt?.code ?? null;
    this.#decision = decision;
  }

  /** Records are decided. */
  published(count: number): void {
    if (count > 0 && this.#halted !== null)
      this.#violated(`${count} rows were published past the halt ${this.#halted}`);
  }

  /** A process shows a state. */
  shown(process: string, state: string, code: string | undefined): void {
    if (code === "PUBLICATION_CHANGED") this.#shownBy.set(process, this.#decision);
    const since = this.#shownBy.get(process);
    if (state === "streaming" && since !== undefined && since === this.#decision)
      this.#violated(`${process} goes on after a halt, and nobody has decided`);
  }
}
