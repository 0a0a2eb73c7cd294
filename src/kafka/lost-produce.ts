import type { Remedy } from "../relay/errors.ts";
import { RelayError } from "../relay/errors.ts";
import { headerOf } from "../relay/record/record-view.ts";
import type { PartitionBatch } from "./api/produce.ts";
import { LostInPause } from "./lost-in-pause.ts";

/** A Produce got no answer: the broker hung up on it, or said nothing in time. */
export class LostProduce extends RelayError {
  /** Id of the broker that was asked. */
  readonly leader: number;
  /** What the request held of outbox rows; records of the relay's own are left out. */
  readonly rows: readonly PartitionBatch[];
  /** Bytes of the request. */
  readonly bytes: number;
  /** Whether the broker had asked for a pause that was not over. */
  readonly isInPause: boolean;

  constructor(
    lost: RelayError,
    remedy: Remedy,
    request: Pick<LostProduce, "leader" | "rows" | "bytes">,
  ) {
    const { message, code, hint, cause } = lost;
    super(message, { code, remedy, hint, cause });
    this.isInPause = lost instanceof LostInPause || (lost instanceof LostProduce && lost.isInPause);
    this.leader = request.leader;
    this.rows = request.rows.filter(({ records: [first] }) => {
      return first !== undefined && headerOf(first, "id") !== null;
    });
    this.bytes = request.bytes;
  }

  /** The same, where the outcome matters. */
  indefinite(): LostProduce {
    return new LostProduce(this, "reopen", this);
  }
}
