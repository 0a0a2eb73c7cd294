import type { Fence } from "./fence.ts";
import type { FormerIdOptions } from "./former-ids.ts";
import { formerIds } from "./former-ids.ts";
import { decodeIncarnation, incarnationKey } from "./incarnation.ts";
import type { LeftCommit } from "./left-commit.ts";
import type { LogTail } from "./log-tail.ts";
import type { TransactionalId } from "./transactional-id.ts";

/** Null when there never was one. */
export type IncarnationFound = ReturnType<typeof decodeIncarnation>;

/** Takes the place of the relay that published for this slot before. */
export class Takeover {
  readonly #options: FormerIdOptions;
  readonly #tail: LogTail;
  readonly #fence: Fence;
  readonly #leftCommit: LeftCommit;

  constructor(options: FormerIdOptions, tail: LogTail, fence: Fence, leftCommit: LeftCommit) {
    this.#options = options;
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
   *
   * Rejects with RelayError `TRANSACTIONAL_ID_FOREIGN` before anything is fenced by what stands in the topic.
   */
  async takeAll(canFinish: boolean, signal: AbortSignal): Promise<readonly TransactionalId[]> {
    const { ours } = this.#fence;
    const former = await this.#formerIds(false, signal);
    const known = new Set([...ours, ...former]);
    if (canFinish) await this.#leftCommit.finish(former, signal);
    const taken = await this.#fence.take([...known], signal);
    const last = await this.#formerIds(true, signal);
    const unknown = last.filter((name) => !known.has(name));
    await this.#fence.take(unknown, signal);
    return taken.filter(({ name }) => ours.includes(name));
  }

  async #formerIds(isStrict: boolean, signal: AbortSignal): Promise<readonly string[]> {
    const found = await this.incarnation(isStrict, signal);
    return formerIds(found?.transactionalIds ?? [], this.#options);
  }

  /** The last one that is committed; `isStrict` waits until all before the end of the log is decided. */
  async incarnation(isStrict: boolean, signal: AbortSignal): Promise<IncarnationFound> {
    const key = incarnationKey(this.#options.slot);
    const found = await this.#tail.last([key], isStrict, signal);
    const value = found.get(key)?.value;
    return value === undefined || value === null ? null : decodeIncarnation(value);
  }
}
