import type { OpenTransaction, SlotFacts, SpilledWal } from "../relay/capture/source-database.ts";
import type { WalRoom } from "./wal-budget.ts";

/** A transaction that is still open, with an age that counts from when we saw it first where Postgres does not tell. */
export interface AgedTransaction extends Omit<OpenTransaction, "openSeconds"> {
  readonly seconds: number;
}

/** What the last look at the slot showed, and what it means. */
export interface SlotSight {
  readonly facts: SlotFacts;
  readonly room: WalRoom | null;
  /** Of the retained WAL; null until there is enough to tell. */
  readonly growthBytesPerSecond: number | null;
  /** Until the room is used up at this rate; null when it is not, or when that cannot be told. */
  readonly exhaustionSeconds: number | null;
  readonly oldestTransaction: AgedTransaction | null;
  /** Null where the server does not tell. */
  readonly spilled: SpilledWal | null;
  /** Why the slot, or what was published, would not outlive a failover; null when both would. */
  readonly failoverGap: string | null;
}
