import type { OpenTransaction, SlotFacts, SpilledWal } from "../relay/capture/source-database.ts";
import type { Clock } from "../relay/clock.ts";
import { pause } from "../relay/clock.ts";
import { RelayError } from "../relay/errors.ts";
import type { Lsn } from "../relay/lsn.ts";
import type { AgedTransaction, SlotSight } from "./slot-sight.ts";
import { exhaustionSeconds, WalGrowth, walRoom } from "./wal-budget.ts";

const POLL_INTERVAL_MS = 5_000;

/** What is asked of the database. Every method rejects with RelayError only. */
export interface SlotSource {
  /** Null when there is no slot. */
  slot(signal: AbortSignal): Promise<SlotFacts | null>;
  /** Null when nobody is writing. */
  oldestTransaction(signal: AbortSignal): Promise<OpenTransaction | null>;
  /** Why the slot would not outlive a failover; null when it would. */
  failoverGap(signal: AbortSignal): Promise<string | null>;
  /** Null where the server has no such statistics of the slot. */
  spilled(signal: AbortSignal): Promise<SpilledWal | null>;
}

export interface SlotMonitorOptions {
  readonly name: string;
  /** Bytes that retained WAL may reach; 0 when nobody named a limit. */
  readonly walBudgetBytes: number;
}

/** Looks at the slot every five seconds, for status, metrics and warnings; on every relay, streaming or not. */
export class SlotMonitor {
  readonly #options: SlotMonitorOptions;
  readonly #source: SlotSource;
  readonly #clock: Clock;
  readonly #onSight: (sight: SlotSight, nowMs: number) => void;
  readonly #growth = new WalGrowth();
  #walEnd: Lsn | null = null;
  #oldest: { readonly xid: string; readonly seenMs: number } | null = null;
  #sight: SlotSight | null = null;
  #isReachable: boolean | null = null;
  #wasSeen = false;
  #isGone = false;
  errors = 0;

  /** `onSight` is called after each look that found a slot. */
  constructor(
    options: SlotMonitorOptions,
    source: SlotSource,
    clock: Clock,
    onSight: (sight: SlotSight, nowMs: number) => void,
  ) {
    this.#options = options;
    this.#source = source;
    this.#clock = clock;
    this.#onSight = onSight;
  }

  get name(): string {
    return this.#options.name;
  }

  /** What was seen last; null before the first look, without a slot, and while the database cannot be asked. */
  get sight(): SlotSight | null {
    return this.#sight;
  }

  /** Whether the last look was answered; null before the first. */
  get isReachable(): boolean | null {
    return this.#isReachable;
  }

  /** Whether a slot that was there is there no longer. */
  get isGone(): boolean {
    return this.#isGone;
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.look(signal);
      await pause(this.#clock, POLL_INTERVAL_MS, signal);
    }
  }

  async look(signal: AbortSignal): Promise<void> {
    try {
      this.#sight = await this.#see(signal);
      this.#isReachable = true;
      this.#isGone = this.#sight === null && this.#wasSeen;
      this.#wasSeen ||= this.#sight !== null;
      if (this.#sight !== null) this.#onSight(this.#sight, this.#clock.monotonicMs());
    } catch (error) {
      if (!(error instanceof RelayError)) throw error;
      this.#isReachable = false;
      this.#sight = null;
      this.errors += 1;
    }
  }

  async #see(signal: AbortSignal): Promise<SlotSight | null> {
    const facts = await this.#source.slot(signal);
    this.#grow(facts, this.#clock.monotonicMs());
    if (facts === null) return null;
    const room = walRoom(facts, this.#options.walBudgetBytes);
    const growthBytesPerSecond = this.#growth.bytesPerSecond;
    return {
      facts,
      room,
      growthBytesPerSecond,
      exhaustionSeconds: exhaustionSeconds(room, growthBytesPerSecond),
      oldestTransaction: this.#aged(await orElse(this.#source.oldestTransaction(signal), null)),
      spilled: await orElse(this.#source.spilled(signal), null),
      failoverGap: await orElse(this.#source.failoverGap(signal), "the server does not tell"),
    };
  }

  #grow(facts: SlotFacts | null, nowMs: number): void {
    const isOther = facts === null || (this.#walEnd !== null && facts.walEnd < this.#walEnd);
    if (isOther || facts.retainedBytes === null) this.#growth.clear();
    if (facts === null) return;
    this.#walEnd = facts.walEnd;
    const { retainedBytes } = facts;
    if (retainedBytes !== null) this.#growth.add({ atMs: nowMs, retainedBytes });
  }

  #aged(oldest: OpenTransaction | null): AgedTransaction | null {
    const nowMs = this.#clock.monotonicMs();
    if (oldest === null) {
      this.#oldest = null;
      return null;
    }
    const { pid, gid, xid, openSeconds } = oldest;
    if (this.#oldest?.xid !== xid) this.#oldest = { xid, seenMs: nowMs };
    const seconds = openSeconds ?? (nowMs - this.#oldest.seenMs) / 1_000;
    return { pid, gid, xid, seconds };
  }
}

/** Around the slot a server may hide what it likes: what the slot itself tells is still worth showing. */
async function orElse<T>(answer: Promise<T>, otherwise: T): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof RelayError) return otherwise;
    throw error;
  }
}
