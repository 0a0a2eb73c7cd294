import { invariant } from "../errors.ts";
import type { Lsn } from "../lsn.ts";
import { formatLsn, LSN_ZERO } from "../lsn.ts";

/** From the far end of the stream to what Postgres may forget, each with the one that must be as far at least. */
const ABOVE = {
  received: null,
  decoded: "received",
  published: "decoded",
  checkpointed: "published",
  confirmed: "checkpointed",
} as const;

export type Rung = keyof typeof ABOVE;

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
    const above = ABOVE[rung];
    // Each row comes by here: a text that nobody reads would cost more than all the rest.
    if (above !== null && lsn > this.#lsns[above]) invariant(false, this.#broken(rung, lsn, above));
    this.#lsns[rung] = lsn;
  }

  #broken(rung: Rung, lsn: Lsn, above: Rung): string {
    return `${rung} ${formatLsn(lsn)} is not above ${above} ${formatLsn(this.#lsns[above])}`;
  }
}
