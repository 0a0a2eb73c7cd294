import { invariant } from "../errors.ts";
import type { Lsn } from "../lsn.ts";
import { formatLsn, LSN_ZERO } from "../lsn.ts";

/** From the far end of the stream to what Postgres may forget. */
const RUNGS = ["received", "decoded", "published", "checkpointed", "confirmed"] as const;

export type Rung = (typeof RUNGS)[number];

/**
 * The positions of one stream, and the rule that holds between them at every moment:
 * received >= decoded >= published >= checkpointed >= confirmed.
 * A broken rule is a bug that could lose events, so it throws InvariantError.
 */
export class Ladder {
  readonly #lsns: Record<Rung, Lsn> = {
    received: LSN_ZERO,
    decoded: LSN_ZERO,
    published: LSN_ZERO,
    checkpointed: LSN_ZERO,
    confirmed: LSN_ZERO,
  };

  at(rung: Rung): Lsn {
    return this.#lsns[rung];
  }

  /** Moves one rung up to `lsn`; a lower one changes nothing. */
  raise(rung: Rung, lsn: Lsn): void {
    if (lsn <= this.#lsns[rung]) return;
    const above = RUNGS[RUNGS.indexOf(rung) - 1];
    invariant(
      above === undefined || lsn <= this.#lsns[above],
      `${rung} ${formatLsn(lsn)} is not above ${above}${above && ` ${formatLsn(this.#lsns[above])}`}`,
    );
    this.#lsns[rung] = lsn;
  }
}
