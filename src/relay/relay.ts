import { Backoff } from "./backoff.ts";
import { pause } from "./clock.ts";
import { RelayError } from "./errors.ts";
import type { Finding } from "./finding.ts";
import { preflightError } from "./finding.ts";
import { HaltRecord } from "./halt-record.ts";
import type { Departure } from "./leadership.ts";
import { departure } from "./leadership.ts";
import type { RelayOptions } from "./options.ts";
import type { RelayPorts } from "./ports.ts";
import { Session } from "./session.ts";
import { decodeStored } from "./settle/checkpoint.ts";
import { SlotPreparation } from "./slot-preparation.ts";
import type { BackfillSince } from "./slot-stream.ts";
import { Standby } from "./standby.ts";
import type { Attempt, HaltPlace, RelayState, StateListener } from "./state.ts";
import { StateBoard } from "./state.ts";

/** How long a leaving relay may take to say so. */
const ANNOUNCE_MS_MAX = 1_000;

/**
 * The relay: takes the slot when it can, publishes while it has it, and comes back by itself from
 * everything that can pass. What cannot pass by itself ends in state `failed`, with the slot kept,
 * the process up, and a new look at the cause again and again.
 */
export class Relay {
  readonly #ports: RelayPorts;
  readonly #options: RelayOptions;
  readonly #board: StateBoard;
  readonly #backoff: Backoff;
  readonly #halts: HaltRecord;
  readonly #preparation: SlotPreparation;
  readonly #standby: Standby;
  #session: Session | null = null;
  /** When the slot was seen free, monotonic ms, until this relay or another one has it. */
  #slotFreeSinceMs: number | null = null;
  /** What the last session failed with at a row. */
  #rowFailure: RelayError | null = null;
  /** Where the attempt is, or was when it failed. */
  #place: HaltPlace = "preflight";

  constructor(ports: RelayPorts, options: RelayOptions, listener: StateListener) {
    this.#ports = ports;
    this.#options = options;
    this.#board = new StateBoard(() => ports.clock.wallMs(), listener);
    this.#backoff = new Backoff(options.retry, ports.clock);
    this.#halts = new HaltRecord(ports, options);
    this.#preparation = new SlotPreparation(ports, options, this.#halts);
    this.#standby = new Standby(ports, options, this.#board);
  }

  get state(): RelayState {
    return this.#board.state;
  }

  /** The hold of the slot that is under way, for those who look on. */
  get session(): Session | null {
    return this.#session?.holdsSlot === true ? this.#session : null;
  }

  /** The row that cannot be published and holds the stream up, also between two holds of the slot; null when there is none. */
  get rowFailure(): RelayError | null {
    const isHeld = this.#board.held?.reason.code === this.#rowFailure?.code;
    return this.#session?.rowFailure ?? (isHeld ? this.#rowFailure : null);
  }

  /** What the present attempt meets while a halt of an earlier one is on show; null otherwise. */
  get attempt(): Attempt | null {
    return this.#board.attempt;
  }

  /** Runs until `stop` is aborted and all is put away. Rejects only with a bug of our own. */
  async run(stop: AbortSignal): Promise<void> {
    const unsubscribe = this.#standby.listen();
    while (!stop.aborted) {
      try {
        await this.#attempt(stop);
      } catch (error) {
        if (stop.aborted && error instanceof RelayError) break;
        if (!(error instanceof RelayError)) throw error;
        await this.#recover(error, stop);
      }
    }
    unsubscribe();
    this.#board.set("draining");
    await this.#ports.sink.close();
    await this.#ports.database.close();
  }

  async #attempt(stop: AbortSignal): Promise<void> {
    this.#place = "preflight";
    await this.#preflight(stop);
    this.#board.passed("preflight");
    this.#place = "start";
    const backfill = await this.#prepare(stop);
    const session = new Session(this.#ports, this.#options, this.#board, this.#halts);
    this.#session = session;
    let end: unknown = null;
    try {
      await session.run(stop, () => this.#tookOver(), backfill);
    } catch (error) {
      end = error;
      if (error instanceof RelayError) this.#place = session.placeOf(error);
      // A relay that finds the slot taken keeps the connection: the word that it is free comes over it.
      if (!isSlotBusy(error)) this.#ports.database.reconnect(error);
      throw error;
    } finally {
      this.#session = null;
      this.#rowFailure = session.rowFailure ?? this.#rowFailure;
      const hasPassed = session.lastCheckpoint !== null && session.rowFailure === null;
      if (hasPassed) this.#backoff.reset();
      if (session.holdsSlot) await this.#departed(departure(session.end.hasLostStream, end), stop);
    }
  }

  #tookOver(): void {
    const { clock, observer } = this.#ports;
    if (this.#slotFreeSinceMs !== null) {
      observer.takenOver(clock.monotonicMs() - this.#slotFreeSinceMs);
    }
    this.#slotFreeSinceMs = null;
  }

  /** A slot that is let go for another to take is announced; one that all would fail with is not. */
  async #departed(how: Departure, stop: AbortSignal): Promise<void> {
    this.#ports.observer.leader(how);
    if (stop.aborted || how === "sink_stall") await this.#announceSlotFree();
  }

  /** A stand-by then takes over at once; without the word it finds out by itself. */
  async #announceSlotFree(): Promise<void> {
    const { clock, database } = this.#ports;
    const bound = new AbortController();
    const cancel = clock.after(ANNOUNCE_MS_MAX, () => bound.abort());
    try {
      await database.announceSlotFree(bound.signal);
    } catch (error) {
      if (!(error instanceof RelayError)) throw error;
    } finally {
      cancel();
    }
  }

  async #prepare(stop: AbortSignal): Promise<BackfillSince> {
    try {
      return await this.#preparation.prepare(stop);
    } catch (error) {
      await this.#ports.database.release();
      // As after preflight.
      if (!isSlotBusy(error)) this.#ports.database.reconnect(error);
      throw error;
    }
  }

  async #preflight(stop: AbortSignal): Promise<void> {
    const [source, sink] = await Promise.all([
      this.#ports.database.preflight(stop),
      this.#ports.sink.preflight(stop),
    ]);
    const findings = [...source, ...sink];
    for (const finding of findings) {
      if (finding.severity === "warning") this.#ports.observer.warning(finding);
    }
    const faults = findings.filter(({ severity }) => severity !== "warning");
    if (faults.length === 0) return;
    // Whose checkpoint it is comes first: what is wrong with tables of another server is no matter of this relay.
    const isSinkFit = sink.every(({ severity }) => severity === "warning");
    const strange = isSinkFit ? await this.#preparation.strangeness(stop) : null;
    if (strange === null) await this.#holdGaps(faults, stop);
    const error = strange ?? preflightError(faults);
    // The server may be the wrong one, and its name may lead to another one by now.
    this.#ports.database.reconnect(error);
    throw error;
  }

  /**
   * What kept rows out of the stream before this start stays until a person has decided, as it does when it is met while
   * streaming. Before the first checkpoint nobody was promised those rows; a slot that a backfill keeps is one.
   */
  async #holdGaps(faults: readonly Finding[], stop: AbortSignal): Promise<void> {
    const gaps = faults.filter(({ keepsRowsOut }) => keepsRowsOut === true);
    if (gaps.length === 0 || this.#halts.isWaiting) return;
    const stored = decodeStored(await this.#ports.sink.peek(stop));
    if (stored === null || stored.halt !== null) return;
    if (stored.pending !== null && stored.slotSnapshot === null) return;
    this.#halts.hold(preflightError(gaps), stored.decision);
    await this.#writeHeld(stop);
  }

  /** At once, where nobody has the slot: the cause may be taken back before the next start. */
  async #writeHeld(stop: AbortSignal): Promise<void> {
    try {
      await this.#preparation.prepare(stop);
    } catch (error) {
      // The halt itself, or what kept it from being written: it waits for the next opening then.
      if (!(error instanceof RelayError)) throw error;
    } finally {
      await this.#ports.database.release();
    }
  }

  async #recover(error: RelayError, stop: AbortSignal): Promise<void> {
    if (error.remedy === "standby") {
      const reason = isSlotBusy(error) ? null : error;
      this.#slotFreeSinceMs = await this.#standby.untilFree(reason, stop);
      return;
    }
    this.#ports.observer.error("relay", error);
    if (error.remedy === "halt") {
      this.#board.fail(error, this.#place);
    } else {
      const isStalled = error.code === "SINK_STALLED" || this.state.name === "stalled";
      this.#board.set(isStalled ? "stalled" : "starting", error);
    }
    // The row may be of a time at which its column had another type: every type has a text form.
    if (error.code === "ROW_TYPE" && this.#ports.source.useText()) return;
    await pause(this.#ports.clock, this.#backoff.nextMs(), stop);
  }
}

function isSlotBusy(error: unknown): boolean {
  return error instanceof RelayError && error.code === "SLOT_BUSY";
}
