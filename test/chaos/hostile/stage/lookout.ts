import type { Lsn } from "../../../../src/relay/lsn.ts";
import { LAST_BATCHES_MS } from "../../../../src/relay/options.ts";
import { SlotProgress } from "../../../support/relay/slot-progress.ts";
import type { RelaySight } from "../../schemas/stage/relay-here.ts";
import { WorldFailed } from "../check/failure.ts";
import type { Reason } from "../check/fits.ts";
import { fits } from "../check/fits.ts";
import type { Hostility } from "../plan/world-plan.ts";
import { REQUEST_NAMES } from "../plan/world-plan.ts";
import type { Middle } from "./middle.ts";
import { holdsInOwnTime } from "./own-time.ts";
import type { Seat } from "./seat.ts";
import { STALL_RELEASE_MS } from "./settings.ts";
import type { Slot } from "./slot.ts";

/** Within this time something was published, or the relay says why not. */
const NAMED_WITHIN_MS = 60_000;
/** Connections that are cut, the walsender's own end, and a busy machine. */
const STALL_SLACK_MS = 4_000;
/** What was learned from answers is tried again after a minute. */
const PROGRESS_MS = 90_000;
/** The rate is counted while nobody writes, once the pauses of all loops have grown. */
const CALM_MS = 1_500;
const RATE_MS = 3_000;
const REQUESTS_PER_SECOND_MAX = 120;
const API_FETCH = 1;

/** Looks at relay and slot, and throws WorldFailed where they are not as they must be. */
export class Lookout {
  readonly #seat: Seat;
  readonly #slot: Slot;
  readonly #middle: Middle;
  readonly #cutShort: AbortSignal;

  constructor(seat: Seat, slot: Slot, middle: Middle, cutShort: AbortSignal) {
    this.#seat = seat;
    this.#slot = slot;
    this.#middle = middle;
    this.#cutShort = cutShort;
  }

  /** Waits until `holds`, and looks whether the relay is well meanwhile; false when it does not hold in time. */
  watch(
    holds: (sight: RelaySight | null) => boolean | Promise<boolean>,
    deadlineMs: number,
  ): Promise<boolean> {
    const isSo = async (): Promise<boolean> => holds(await this.#seat.status());
    return holdsInOwnTime(deadlineMs, isSo, this.#cutShort);
  }

  async streaming(): Promise<void> {
    const isStreaming = await this.watch((sight) => sight?.state === "streaming", PROGRESS_MS);
    if (!isStreaming) throw new WorldFailed("stuck", "the first start does not stream");
  }

  /** The cause that status and log show, or null where something is published; for as long as it takes while that goes on. */
  async namedOrServing(hostilities: readonly Hostility[]): Promise<Reason | null> {
    const progress = new SlotProgress(await this.#slot.walEnd());
    const seen = new Set<string>();
    let cause: Reason | null = null;
    const look = (): Promise<boolean> =>
      this.watch(async (sight) => {
        const reasons = reasonsIn(sight);
        for (const { code, message } of reasons) seen.add(`${code}: ${message}`);
        const isNamed = (one: Reason): boolean =>
          fits(one, hostilities) && this.#seat.hasLogged(one.code);
        cause = reasons.find(isNamed) ?? null;
        const isStreaming = sight?.state === "streaming";
        progress.add(isStreaming ? await this.#slot.confirmed() : null, this.#seat.halts.length);
        return cause !== null || progress.isPast;
      }, NAMED_WITHIN_MS);
    let before: Lsn | null;
    do {
      before = await this.#slot.confirmed();
      if (await look()) return cause;
    } while ((await this.#slot.confirmed()) !== before);
    const shown = [...seen].slice(-4).join(" | ");
    throw new WorldFailed("unnamed", `no progress, and no name for it: ${shown}`);
  }

  /** Nobody writes meanwhile. */
  async asksSeldom(): Promise<void> {
    await this.watch(() => false, CALM_MS);
    const confirmed = await this.#slot.confirmed();
    const before = new Map(this.#middle.asked);
    await this.watch(() => false, RATE_MS);
    const asked = new Map(this.#middle.asked);
    // What was written before is still on its way: these are no requests of waiting loops.
    if ((await this.#slot.confirmed()) !== confirmed) return;
    for (const [apiKey, count] of asked) {
      const perSecond = ((count - (before.get(apiKey) ?? 0)) * 1_000) / RATE_MS;
      // A long log of short answers takes many: that is reading, not waiting.
      if (apiKey !== API_FETCH && perSecond > REQUESTS_PER_SECOND_MAX)
        throw new WorldFailed("busy", `${perSecond} ${REQUEST_NAMES[apiKey]} requests a second`);
    }
  }

  /** The slot is let go when nothing can be published for a while. */
  async stalls(): Promise<void> {
    const withinMs = STALL_RELEASE_MS + LAST_BATCHES_MS + STALL_SLACK_MS;
    const from = await this.#slot.confirmed();
    const isFreeOrServing = async (): Promise<boolean> =>
      !(await this.#slot.isHeld()) || (await this.#slot.confirmed()) !== from;
    if (!(await this.watch(isFreeOrServing, withinMs)))
      throw new WorldFailed("held-slot", `the slot is held for ${withinMs} ms without progress`);
  }

  /** All that is committed now is published; for as long as it takes while it goes on. */
  async settled(after: string): Promise<void> {
    const progress = new SlotProgress(await this.#slot.walEnd());
    let last: RelaySight | null = null;
    let confirmed = await this.#slot.confirmed();
    let before: typeof confirmed;
    do {
      before = confirmed;
      await this.watch(async (sight) => {
        await this.#slot.touch();
        last = sight;
        confirmed = await this.#slot.confirmed();
        const isStreaming = sight?.state === "streaming";
        progress.add(isStreaming ? confirmed : null, this.#seat.halts.length);
        return progress.isPast;
      }, PROGRESS_MS);
    } while (!progress.isPast && confirmed !== before);
    if (!progress.isPast)
      throw new WorldFailed("stuck", `no progress after ${after}: ${JSON.stringify(last)}`);
  }
}

/** What the state shows, and what the present attempt meets behind a halt that is on show. */
function reasonsIn(sight: RelaySight | null): Reason[] {
  return [sight, sight?.attempt ?? null].flatMap((one) => {
    const { code = null, message = null } = one ?? {};
    return code === null ? [] : [{ code, message: message ?? "" }];
  });
}
