import type { Fence } from "./fence.ts";
import { decodeIncarnation, incarnationKey } from "./incarnation.ts";
import type { LeftCommit } from "./left-commit.ts";
import type { LogTail } from "./log-tail.ts";
import type { TransactionalId } from "./transactional-id.ts";

/** Null when there never was one. */
export type IncarnationFound = ReturnType<typeof decodeIncarnation>;

/** Takes the place of the relay that published for this slot before. */
export class Takeover {
  readonly #slot: string;
  readonly #tail: LogTail;
  readonly #fence: Fence;
  readonly #leftCommit: LeftCommit;

  constructor(slot: string, tail: LogTail, fence: Fence, leftCommit: LeftCommit) {
    this.#slot = slot;
    this.#tail = tail;
    this.#fence = fence;
    this.#leftCommit = leftCommit;
  }

  /**
   * Takes our ids and those of the last incarnation. Another one may have come between our look and our taking, with ids
   * that we did not know of; once our first id is taken nobody else comes without taking it back, so a second look,
   * at all that is decided, is the last that is needed. Returns ours.
   *
   * `canFinish`: what the last one had asked to commit is committed first, where the request got lost.
   */
  async takeAll(canFinish: boolean, signal: AbortSignal): Promise<readonly TransactionalId[]> {
    const { ours } = this.#fence;
    const former = await this.incarnation(false, signal);
    const known = new Set([...ours, ...(former?.transactionalIds ?? [])]);
    if (canFinish && former !== null) {
      await this.#leftCommit.finish(former.transactionalIds, signal);
    }
    const taken = await this.#fence.take([...known], signal);
    const last = await this.incarnation(true, signal);
    const unknown = (last?.transactionalIds ?? []).filter((name) => !known.has(name));
    await this.#fence.take(unknown, signal);
    return taken.filter(({ name }) => ours.includes(name));
  }

  /** The last one that is committed; `isStrict` waits until all before the end of the log is decided. */
  async incarnation(isStrict: boolean, signal: AbortSignal): Promise<IncarnationFound> {
    const key = incarnationKey(this.#slot);
    const found = await this.#tail.last([key], isStrict, signal);
    const value = found.get(key)?.value;
    return value === undefined || value === null ? null : decodeIncarnation(value);
  }
}
