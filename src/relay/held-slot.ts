import type { ServerIdentity } from "./capture/replication-stream.ts";
import type { SlotFacts } from "./capture/source-database.ts";
import { RelayError } from "./errors.ts";
import type { RelayPorts } from "./ports.ts";
import { slotMissing } from "./settle/continuity-faults.ts";

/** The stream that holds the slot. */
export interface HoldingStream {
  readonly identity: ServerIdentity;
  /** What the server ended it with; null while it goes on. */
  readonly endedWith: RelayError | null;
  /** Reads what is under way, up to the word that it ends with. */
  readToEnd(signal: AbortSignal): Promise<void>;
}

/**
 * The slot, proven to be ours at the moment of a question. Asked each time before anybody is fenced at Kafka: a relay whose
 * stream died without a word would otherwise take the transactional ids from its successor, again and again.
 *
 * A stream that ended with what halts ends there for any relay. So its slot counts as ours as long as nobody has taken it,
 * and what came before that place can be published: else it would wait behind it for ever.
 */
export class HeldSlot {
  readonly #ports: RelayPorts;
  readonly #name: string;
  readonly #stream: HoldingStream;

  constructor(ports: RelayPorts, name: string, stream: HoldingStream) {
    this.#ports = ports;
    this.#name = name;
    this.#stream = stream;
  }

  /**
   * Rejects with `SLOT_LOST` (remedy `standby`) when another walsender has it, `GAP_SLOT_MISSING` (halt) when it is gone, and
   * `SERVER_MISMATCH` (retry) when the question went to another server than the stream.
   */
  async look(signal: AbortSignal): Promise<SlotFacts> {
    const slot = await this.#slot(signal);
    if (!this.#isOurs(slot)) throw slotLost(this.#name);
    return slot;
  }

  /** As `look`, for a stream of which nothing was read yet: a server may let the slot go before we have read why. */
  async lookAtStart(signal: AbortSignal): Promise<SlotFacts> {
    const slot = await this.#slot(signal);
    if (this.#isOurs(slot)) return slot;
    await this.#stream.readToEnd(signal);
    return this.look(signal);
  }

  async #slot(signal: AbortSignal): Promise<SlotFacts> {
    const slot = await this.#ports.database.slot(signal);
    if (slot === null) throw slotMissing(this.#name, null);
    if (slot.serverStart !== this.#stream.identity.serverStart) throw otherServer(this.#name);
    return slot;
  }

  #isOurs({ activePid }: SlotFacts): boolean {
    const { identity, endedWith } = this.#stream;
    const isFree = activePid === null && endedWith?.remedy === "halt";
    return isFree || activePid === identity.walSenderPid;
  }
}

function slotLost(name: string): RelayError {
  return new RelayError(`the stream of slot ${name} ended without a word`, {
    code: "SLOT_LOST",
    remedy: "standby",
    hint: "Nothing to do: the relay asks for the slot again.",
  });
}

/** Two addresses, or a list of hosts during a failover, may lead to two servers; what one says of the slot is nothing to the other. */
export function otherServer(name: string): RelayError {
  return new RelayError(
    `the stream of slot ${name} and the control connection lead to different servers`,
    {
      code: "SERVER_MISMATCH",
      remedy: "retry",
      hint: "Nothing to do during a failover: the relay connects both again. If it lasts, RELAY_DATABASE_URL and RELAY_REPLICATION_URL must lead to one primary.",
    },
  );
}
