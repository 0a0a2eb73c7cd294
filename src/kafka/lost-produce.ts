import type { Remedy } from "../relay/errors.ts";
import { RelayError } from "../relay/errors.ts";
import { headerOf } from "../relay/record/record-view.ts";
import type { PartitionBatch } from "./api/produce.ts";

/** A Produce got no answer: the broker hung up on it, or said nothing in time. */
export class LostProduce extends RelayError {
  /** Id of the broker that was asked. */
  readonly leader: number;
  /** What the request held of outbox rows; records of the relay's own are left out. */
  readonly rows: readonly PartitionBatch[];
  /** Bytes of the request. */
  readonly bytes: number;

  constructor(
    { message, code, hint, cause }: RelayError,
    remedy: Remedy,
    request: Pick<LostProduce, "leader" | "rows" | "bytes">,
  ) {
    super(message, { code, remedy, hint, cause });
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
