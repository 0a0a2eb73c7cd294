import type { RelayPorts } from "./ports.ts";
import { isPast } from "./progress.ts";
import type { Checkpoint } from "./settle/checkpoint.ts";
import { decodeStored } from "./settle/checkpoint.ts";
import type { StateBoard } from "./state.ts";

/** Who has the slot for so long was judged fit: an attempt that is not lets go within moments. */
const SETTLED_MS = 120_000;

/**
 * Whether another relay got past the halt that a relay which stands by has on show: its checkpoint goes on, a person has
 * decided, or it keeps the slot.
 */
export class OthersProgress {
  readonly #ports: RelayPorts;
  readonly #board: StateBoard;
  #before: Checkpoint | null = null;
  #holder: { readonly pid: number | null; readonly sinceMs: number };

  constructor(ports: RelayPorts, board: StateBoard) {
    this.#ports = ports;
    this.#board = board;
    this.#holder = { pid: null, sinceMs: ports.clock.monotonicMs() };
  }

  /** The relay begins to stand by. */
  begin(): void {
    this.#before = null;
    this.#holder = { pid: null, sinceMs: this.#ports.clock.monotonicMs() };
  }

  /** The process that has the slot now; null when nobody has. */
  holder(pid: number | null): void {
    if (pid === this.#holder.pid) return;
    this.#holder = { pid, sinceMs: this.#ports.clock.monotonicMs() };
  }

  /** Looks at the checkpoint, and takes the halt from show where somebody got past it. Rejects with RelayError. */
  async look(signal: AbortSignal): Promise<void> {
    if (this.#board.held === null) return;
    const checkpoint = decodeStored(await this.#ports.sink.peek(signal));
    if (checkpoint === null || checkpoint.halt !== null) return;
    this.#board.progressed(checkpoint);
    const before = this.#before ?? checkpoint;
    this.#before ??= checkpoint;
    if (typeof this.#board.held?.place !== "string") return;
    const hasGoneOn = isPast(checkpoint, before) || checkpoint.decision !== before.decision;
    if (hasGoneOn || this.#isSettled) this.#board.overtaken();
  }

  get #isSettled(): boolean {
    const heldMs = this.#ports.clock.monotonicMs() - this.#holder.sinceMs;
    return this.#holder.pid !== null && heldMs >= SETTLED_MS;
  }
}
