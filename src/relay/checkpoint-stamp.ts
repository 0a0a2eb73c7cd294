import type { Clock } from "./clock.ts";
import type { ContinuityWatch } from "./continuity-watch.ts";
import { LSN_ZERO } from "./lsn.ts";
import type { RelayOptions } from "./options.ts";
import type { OutboxRelations } from "./outbox-relations.ts";
import type { Progress } from "./progress.ts";
import { coveredLsn } from "./progress.ts";
import { encodeCheckpoint } from "./settle/checkpoint.ts";
import type { Watermark } from "./watermark.ts";

export interface StampedStream {
  readonly systemId: string;
  readonly timeline: number;
  /** With which the slot was made, and where it begins, while rows from before it are published first; null otherwise. */
  readonly slotSnapshot: Watermark | null;
}

/** Makes checkpoint records of one stream: how far it got, and all that a later start is judged by. */
export class CheckpointStamp {
  readonly relations: OutboxRelations;
  readonly #options: RelayOptions;
  readonly #clock: Clock;
  readonly #watch: ContinuityWatch;
  #stream: StampedStream | null = null;
  #decision: string | null | undefined = undefined;

  constructor(
    options: RelayOptions,
    clock: Clock,
    watch: ContinuityWatch,
    relations: OutboxRelations,
  ) {
    this.relations = relations;
    this.#options = options;
    this.#clock = clock;
    this.#watch = watch;
  }

  /** Null until there is a stream. */
  get stream(): StampedStream | null {
    return this.#stream;
  }

  attach(stream: StampedStream): void {
    this.#stream = stream;
  }

  /** The note of the last decision of a person, as the stored checkpoint has it: it goes with all that follow. */
  decidedBy(decision: string | null): void {
    this.#decision = decision;
  }

  /** Undefined before a checkpoint was read. */
  get decision(): string | null | undefined {
    return this.#decision;
  }

  /** Whether what was published makes the backfill complete; true where there is none. */
  isPastBackfill(progress: Progress): boolean {
    return coveredLsn(progress) >= (this.#stream?.slotSnapshot?.lsn ?? LSN_ZERO);
  }

  /** True once: for the first durable checkpoint past the backfill. */
  endsBackfill(progress: Progress): boolean {
    if (this.#stream === null || this.#stream.slotSnapshot === null) return false;
    if (!this.isPastBackfill(progress)) return false;
    this.#stream = { ...this.#stream, slotSnapshot: null };
    return true;
  }

  encode(progress: Progress): Uint8Array {
    const { systemId = "", timeline = 0 } = this.#stream ?? {};
    const { seen } = this.#watch;
    const isPast = this.isPastBackfill(progress);
    return encodeCheckpoint({
      ...progress,
      systemId,
      timeline,
      config: this.#options.configFingerprint,
      shard: this.#options.shard,
      publication: seen?.publication ?? null,
      catalog: seen?.catalog ?? null,
      tree: this.#watch.tree,
      databaseOid: seen?.databaseOid ?? null,
      halt: null,
      decision: this.#decision ?? null,
      // A backfill that begins again looks at the same rows, so its watermark stays until it is complete.
      watermark: isPast ? this.#watch.watermark(coveredLsn(progress)) : this.#watch.formerWatermark,
      pending: isPast ? null : "backfill",
      slotSnapshot: isPast ? null : (this.#stream?.slotSnapshot ?? null),
      witness: this.#watch.witness,
      tables: this.relations.known(coveredLsn(progress)),
      instance: this.#options.instance,
      at: new Date(this.#clock.wallMs()).toISOString(),
    });
  }
}
