import { announce } from "./announcement.ts";
import type { SlotFacts, Vantage } from "./capture/source-database.ts";
import { RelayError } from "./errors.ts";
import type { HaltRecord } from "./halt-record.ts";
import { knownLineage, knownWatermark } from "./known-lineage.ts";
import { observedFacts } from "./observed-facts.ts";
import type { RelayOptions } from "./options.ts";
import type { RelayPorts } from "./ports.ts";
import type { Checkpoint } from "./settle/checkpoint.ts";
import { decodeStored } from "./settle/checkpoint.ts";
import type { Verdict } from "./settle/continuity.ts";
import { judge } from "./settle/continuity.ts";
import { isStrange } from "./settle/halt.ts";
import { isReadable } from "./settle/slot-state.ts";
import type { BackfillSince } from "./slot-stream.ts";

interface Look {
  readonly found: SlotFacts | null;
  readonly peeked: Checkpoint | null;
  readonly verdict: Verdict;
}

/**
 * What must be done before a slot can be taken: at the very first start it is made; what a crash or a person left
 * unfinished is finished. What is about to be done is written to the checkpoint first, so that the next relay knows.
 */
export class SlotPreparation {
  readonly #ports: RelayPorts;
  readonly #options: RelayOptions;
  readonly #halts: HaltRecord;

  constructor(ports: RelayPorts, options: RelayOptions, halts: HaltRecord) {
    this.#ports = ports;
    this.#options = options;
    this.#halts = halts;
  }

  /**
   * Null when the slot can be taken as it is, or is taken; else from where rows are to be published before it.
   * Rejects with RelayError, remedy `halt`, when the slot cannot be read from without a gap.
   */
  async prepare(signal: AbortSignal): Promise<BackfillSince> {
    const { database } = this.#ports;
    const { found, peeked, verdict } = await this.#atHome(signal);
    const isTaken = found?.active === true;
    if (peeked?.pending === "backfill") {
      // Rows from before the slot come first. Should its holder let go before we have it, we must not read on from the slot alone.
      if (isTaken) throw slotReserved(this.#options.slot);
      if (peeked.halt !== null && verdict.kind === "halt") throw verdict.fault;
    } else {
      // The relay that has taken a slot that can be read from judges it with the slot in hand.
      if (isTaken) return null;
      if (peeked !== null && peeked.halt !== null && verdict.kind === "halt") throw verdict.fault;
      // A look without the slot may be a little old, so that all else is judged with the slot in hand.
      const isToWrite =
        this.#halts.isWaiting || (verdict.kind === "halt" && verdict.lasting !== null);
      if (found !== null && isReadable(found) && !isToWrite) return null;
    }
    if (!(await database.reserve(signal))) throw slotReserved(this.#options.slot);
    return this.#prepareReserved(signal);
  }

  /** What says that this server is not the checkpoint's; null where it is, and where that cannot be found out. */
  async strangeness(signal: AbortSignal): Promise<RelayError | null> {
    try {
      await this.#atHome(signal);
      return null;
    } catch (error) {
      if (!(error instanceof RelayError)) throw error;
      return isStrange(error.code) ? error : null;
    }
  }

  /** A look that fences nobody. Rejects where this relay is not at home. */
  async #atHome(signal: AbortSignal): Promise<Look> {
    const { database, sink } = this.#ports;
    const found = await database.slot(signal);
    const peeked = decodeStored(await sink.peek(signal));
    // After the checkpoint: a server's WAL reaches at least as far as what was published of it.
    const seen = await database.vantage(signal);
    const verdict = this.#judge(peeked, found, seen);
    this.#halts.home.assert(verdict, peeked, seen);
    return { found, peeked, verdict };
  }

  /** The relay that had reserved it before us has the slot by now, or has given up. */
  async #prepareReserved(signal: AbortSignal): Promise<BackfillSince> {
    const { database, sink } = this.#ports;
    const slot = await database.slot(signal);
    if (slot?.active === true) throw slotReserved(this.#options.slot);
    // Nobody reads from the slot, so nobody is hurt by being fenced; and only now what is read is sure to be the last.
    const checkpoint = await this.#halts.completed(decodeStored(await sink.open(signal)));
    const seen = await database.vantage(signal);
    const verdict = this.#judge(checkpoint, slot, seen);
    if (verdict.kind === "halt" && verdict.lasting !== null && checkpoint !== null) {
      this.#halts.hold(verdict.lasting, checkpoint.decision);
      await this.#halts.completed(checkpoint);
    }
    return this.#act(verdict, checkpoint, seen, signal);
  }

  #judge(checkpoint: Checkpoint | null, slot: SlotFacts | null, seen: Vantage): Verdict {
    const lineage = checkpoint === null ? null : knownLineage(checkpoint, seen);
    return judge({ ...observedFacts(this.#options, seen), checkpoint, slot, lineage });
  }

  async #act(
    verdict: Verdict,
    checkpoint: Checkpoint | null,
    seen: Vantage,
    signal: AbortSignal,
  ): Promise<BackfillSince> {
    if (verdict.kind === "halt") throw verdict.fault;
    if (verdict.kind === "first-start") {
      await announce(this.#ports, this.#options, seen, {
        pending: verdict.pending,
        watermark: null,
      });
    }
    const isBackfill = verdict.kind === "first-start" && verdict.pending === "backfill";
    if (isBackfill) return { watermark: null, kept: null };
    if (verdict.kind === "backfill" && checkpoint !== null) {
      return this.#begunBackfill(verdict, checkpoint, seen);
    }
    if (verdict.kind === "first-start" || verdict.kind === "create-slot") {
      await this.#ports.database.createSlot(signal);
    }
    return null;
  }

  /** Before the slot is made again, the checkpoint says that it is. */
  async #begunBackfill(
    { kept, lost }: Extract<Verdict, { readonly kind: "backfill" }>,
    checkpoint: Checkpoint,
    seen: Vantage,
  ): Promise<BackfillSince> {
    const { observer } = this.#ports;
    const { slot } = this.#options;
    const { slotSnapshot, decision, tables } = checkpoint;
    const watermark = knownWatermark(checkpoint, seen);
    if (kept !== null) {
      observer.note(
        `rows from before slot ${slot} are being published: begins again, and keeps the slot`,
      );
      return { watermark, kept };
    }
    if (slotSnapshot === null) {
      observer.note(
        `rows of the tables are published before what a new slot ${slot} brings. Where an earlier attempt ended before it had written down its slot, rows that were committed since and are no longer in the tables are not published`,
      );
    } else {
      const since = new Date(slotSnapshot.atMs).toISOString();
      observer.note(
        `rows from before slot ${slot} are being published: begins again with a new slot, because of the one before ${lost}. Rows that were committed since ${since} and are no longer in the tables are not published`,
      );
      const announced = { pending: "backfill", watermark, decision, tables } as const;
      await announce(this.#ports, this.#options, seen, announced);
    }
    return { watermark, kept: null };
  }
}

/** Somebody else makes the slot, or an operator's command is at work. */
export function slotReserved(slot: string): RelayError {
  return new RelayError(`another relay, or a command, is making slot ${slot}`, {
    code: "SLOT_BUSY",
    remedy: "standby",
    hint: "Nothing to do for a standby.",
  });
}
