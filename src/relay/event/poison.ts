import type { ErrorCode } from "../errors.ts";
import { RelayError } from "../errors.ts";
import { shown } from "../inert-text.ts";
import type { Lsn } from "../lsn.ts";
import { formatLsn } from "../lsn.ts";
import { textOf } from "./ascii.ts";

export interface RowPlace {
  /** Null when the row has no usable id. */
  readonly id: Uint8Array | null;
  readonly commitLsn: Lsn;
  readonly index: number;
}

/**
 * A row that cannot be published as things stand. The relay publishes what came before it, confirms
 * nothing past it, and stays in state `failed` until the cause is gone.
 */
export class PoisonError extends RelayError {
  readonly place: RowPlace;

  constructor(place: RowPlace, problem: { code: ErrorCode; message: string; hint: string }) {
    const id = place.id === null ? "without id" : `with id ${shown(textOf(place.id))}`;
    const where = `row ${place.index} of the transaction committed at ${formatLsn(place.commitLsn)}`;
    super(`the outbox row ${id} (${where}) cannot be published: ${problem.message}`, {
      code: problem.code,
      remedy: "halt",
      hint: problem.hint,
    });
    this.place = place;
  }
}
