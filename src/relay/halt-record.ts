import { AtHome } from "./at-home.ts";
import { RelayError } from "./errors.ts";
import type { RelayOptions } from "./options.ts";
import type { RelayPorts } from "./ports.ts";
import type { Checkpoint } from "./settle/checkpoint.ts";
import { decodeStored, encodeCheckpoint } from "./settle/checkpoint.ts";
import type { Halt } from "./settle/halt.ts";
import { isLasting } from "./settle/halt.ts";

/** How long a session that ends may take to write its halt down; after that the next opening does it first. */
const WRITE_MS_MAX = 5_000;

interface Held {
  readonly halt: Halt;
  /** Of the checkpoint that it was met under: after another decision it is settled. Undefined: none was read before. */
  readonly decision: string | null | undefined;
}

/**
 * Writes halts that may mean missing rows into the checkpoint, so that they outlive this process, and keeps the one that
 * could not be written yet. Only for the relay that has the slot, or its reservation, and the transactional ids; the progress of
 * the checkpoint stays as it is stored.
 */
export class HaltRecord {
  readonly #ports: RelayPorts;
  readonly #options: RelayOptions;
  /** What says that this relay may write here at all. */
  readonly home = new AtHome();
  #held: Held | null = null;

  constructor(ports: RelayPorts, options: RelayOptions) {
    this.#ports = ports;
    this.#options = options;
  }

  /** Whether a halt of an earlier session waits to be written. */
  get isWaiting(): boolean {
    return this.#held !== null;
  }

  /** Keeps a halt for the next opening; of several the first one counts. Others than lasting ones are no matter of this. */
  hold(error: unknown, decision: string | null | undefined): void {
    if (!(error instanceof RelayError) || !isLasting(error) || this.#held !== null) return;
    const { code, message } = error;
    this.#held = {
      halt: { code, message, at: this.#now(), instance: this.#options.instance },
      decision,
    };
  }

  /** The stored checkpoint, with the halt that waits; it is written first. The sink must be open. */
  async completed(stored: Checkpoint | null): Promise<Checkpoint | null> {
    const held = this.#held;
    if (held === null) return stored;
    if (stored === null || !isOpenTo(stored, held)) {
      this.#held = null;
      return stored;
    }
    const { instance } = this.#options;
    const halted = { ...stored, halt: held.halt, instance, at: this.#now() };
    await this.#ports.sink.publish({ records: [], checkpoint: encodeCheckpoint(halted) });
    this.#held = null;
    return halted;
  }

  /** Writes down what waits, at the end of a session that still has the slot. Never rejects with RelayError: it waits on then. */
  async write(assertHoldsSlot: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
    if (this.#held === null) return;
    const { clock, sink } = this.#ports;
    const bound = new AbortController();
    const cancel = clock.after(WRITE_MS_MAX, () => {
      bound.abort();
      void sink.close();
    });
    try {
      await assertHoldsSlot(bound.signal);
      await this.completed(decodeStored(await sink.open(bound.signal)));
    } catch (error) {
      if (!(error instanceof RelayError)) throw error;
      this.#ports.observer.error("sink", error);
    } finally {
      cancel();
    }
  }

  #now(): string {
    return new Date(this.#ports.clock.wallMs()).toISOString();
  }
}

/** A backfill that makes its slot finds whatever is missing, and a person's decision settles what was met before it. */
function isOpenTo(stored: Checkpoint, { decision }: Held): boolean {
  const isDecided = decision !== undefined && stored.decision !== decision;
  const findsAll = stored.pending === "backfill" && stored.slotSnapshot === null;
  return stored.halt === null && !findsAll && !isDecided;
}
