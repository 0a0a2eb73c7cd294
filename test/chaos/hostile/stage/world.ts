import type { Lsn } from "../../../../src/relay/lsn.ts";
import { LAST_BATCHES_MS } from "../../../../src/relay/options.ts";
import type { RelayFixture } from "../../../support/relay/fixture.ts";
import { SlotProgress } from "../../../support/relay/slot-progress.ts";
import type { RelaySight } from "../../schemas/stage/relay-here.ts";
import type { Failure, FailureKind } from "../check/failure.ts";
import { fits } from "../check/fits.ts";
import { episodeText, hostileName } from "../plan/texts.ts";
import type { Ending, Episode, WorldPlan } from "../plan/world-plan.ts";
import { CREATE_TOPICS } from "../plan/world-plan.ts";
import { Journal } from "./journal.ts";
import type { Middle } from "./middle.ts";
import { holdsInOwnTime } from "./own-time.ts";
import { RelayCrash, RelayStays, Seat } from "./seat.ts";
import { STALL_RELEASE_MS } from "./settings.ts";
import { Slot } from "./slot.ts";
import { Writers } from "./writers.ts";

const ONCE_MS_MAX = 3_000;
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

/** Where the brokers are found. */
export interface Addresses {
  readonly hostile: readonly string[];
  readonly clean: readonly string[];
}

/** A failure that makes what comes after it meaningless. */
class WorldFailed extends Error {
  readonly failure: Failure;

  constructor(kind: FailureKind, what: string) {
    super(`${kind}: ${what}`);
    this.failure = { kind, what };
  }
}

/** One relay, its writers, and brokers that are hostile to it in one way after another. */
export class World {
  readonly #plan: WorldPlan;
  readonly #middle: Middle;
  readonly #addresses: Addresses;
  readonly #slot: Slot;
  readonly seat: Seat;
  readonly #writers: Writers;
  readonly #cutShort: AbortSignal;
  readonly journal = new Journal();
  /** Causes that were shown, each as `what it was: code`. */
  readonly named: string[] = [];
  readonly endings: Ending[] = [];

  /** `cutShort`: nobody wants its verdict any more. */
  constructor(
    plan: WorldPlan,
    fixture: RelayFixture,
    middle: Middle,
    addresses: Addresses,
    cutShort: AbortSignal,
  ) {
    this.#plan = plan;
    this.#cutShort = cutShort;
    this.#middle = middle;
    this.#addresses = addresses;
    this.#slot = new Slot(fixture);
    this.seat = new Seat(plan, fixture);
    this.#writers = new Writers(fixture.database.url, plan.seed + plan.number);
  }

  /** Of all rows that were written. */
  get routes(): readonly string[] {
    return this.#writers.used;
  }

  /** Ends with all rows published and the relay stopped; answers what kept it from that. */
  async run(): Promise<readonly Failure[]> {
    try {
      if (!this.#plan.isHostileFirst) {
        this.#start(this.#addresses.hostile);
        await this.#untilStreaming();
      }
      this.#writers.start();
      for (const episode of this.#plan.episodes) await this.#strike(episode);
      await this.#writers.stop();
      await this.#settle("the end");
      await this.#stop();
      return [];
    } catch (error) {
      return [failureOf(error)];
    } finally {
      this.#middle.hostilities = [];
      await this.#writers.stop();
      if (this.seat.isTaken && !(await this.seat.kill()))
        await this.seat.stop(this.#cutShort).catch(() => undefined);
    }
  }

  async #strike(episode: Episode): Promise<void> {
    this.journal.note(episodeText(episode));
    const { met } = this.#middle;
    this.#middle.hostilities = episode.hostilities;
    await this.#unsettle(episode);
    if (episode.duration === "lasting") await this.#endure(episode);
    else if (episode.duration === "once")
      await this.#watch(() => this.#middle.met > met, ONCE_MS_MAX);
    else await this.#watch(() => false, episode.forMs);
    this.#middle.hostilities = [];
    this.journal.note(`${this.#middle.met - met} requests met it`);
    if (!this.seat.isTaken) this.#start(this.#addresses.hostile);
    if (episode.isSettled) await this.#settle("a hostility");
  }

  async #unsettle({ unsettling, hostilities }: Episode): Promise<void> {
    const { createsTopics } = this.#plan;
    if (unsettling === "cut") this.#middle.cut();
    if (this.seat.isTaken && unsettling === "restart") await this.#stop();
    if (this.seat.isTaken && unsettling === "kill" && !(await this.seat.kill())) await this.#stop();
    if (!this.seat.isTaken) this.#start(this.#addresses.hostile);
    if (createsTopics && hostilities.some(({ apiKey }) => apiKey === CREATE_TOPICS))
      await this.#writers.changeRoutes();
  }

  /** For as long as it lasts: a cause by its name or progress, few requests, and an end when one is asked for. */
  async #endure(episode: Episode): Promise<void> {
    await this.#namedOrServing(episode);
    if (episode.countsRequests) await this.#checkRate();
    const { ending } = episode;
    this.endings.push(ending);
    this.journal.note(`asked: ${ending}`);
    if (ending === "stop") await this.#stop();
    else if (ending === "kill" && !(await this.seat.kill())) await this.#stop();
    else if (ending === "stall") await this.#stall();
    else if (ending === "elsewhere") await this.#goElsewhere();
  }

  async #namedOrServing({ hostilities }: Episode): Promise<void> {
    const progress = new SlotProgress(await this.#slot.walEnd());
    const seen = new Set<string>();
    let cause: RelaySight | null = null;
    const holds = await this.#watch(async (sight) => {
      const { code = null, message } = sight ?? {};
      if (code !== null) seen.add(`${code}: ${message}`);
      const isNamed = code !== null && fits({ code, message: message ?? "" }, hostilities);
      if (isNamed && this.seat.hasLogged(code)) cause = sight;
      const isStreaming = sight?.state === "streaming";
      progress.add(isStreaming ? await this.#slot.confirmed() : null, this.seat.halts.length);
      return cause !== null || progress.isPast;
    }, NAMED_WITHIN_MS);
    if (!holds) {
      const shown = [...seen].slice(-4).join(" | ");
      throw new WorldFailed("unnamed", `no progress, and no name for it: ${shown}`);
    }
    if (cause !== null) this.#noteNamed(cause, hostilities);
  }

  #noteNamed({ code, message }: RelaySight, hostilities: Episode["hostilities"]): void {
    this.journal.note(`shown: ${code} ${message}`);
    for (const one of hostilities) this.named.push(`${hostileName(one)}: ${code}`);
  }

  async #checkRate(): Promise<void> {
    await this.#writers.stop();
    await this.#watch(() => false, CALM_MS);
    const confirmed = await this.#slot.confirmed();
    const before = new Map(this.#middle.asked);
    await this.#watch(() => false, RATE_MS);
    const asked = new Map(this.#middle.asked);
    this.#writers.start();
    // What was written before is still on its way: these are no requests of waiting loops.
    if ((await this.#slot.confirmed()) !== confirmed) return;
    for (const [apiKey, count] of asked) {
      const perSecond = ((count - (before.get(apiKey) ?? 0)) * 1_000) / RATE_MS;
      // A long log of short answers takes many: that is reading, not waiting.
      if (apiKey !== API_FETCH && perSecond > REQUESTS_PER_SECOND_MAX)
        throw new WorldFailed("busy", `${perSecond} requests of API ${apiKey} a second`);
    }
  }

  async #stop(): Promise<void> {
    await this.seat.stop(this.#cutShort);
    this.journal.note("the relay has ended");
  }

  async #stall(): Promise<void> {
    const withinMs = STALL_RELEASE_MS + LAST_BATCHES_MS + STALL_SLACK_MS;
    const from = await this.#slot.confirmed();
    const isFreeOrServing = async (): Promise<boolean> =>
      !(await this.#slot.isHeld()) || (await this.#slot.confirmed()) !== from;
    if (!(await this.#watch(isFreeOrServing, withinMs)))
      throw new WorldFailed("held-slot", `the slot is held for ${withinMs} ms without progress`);
  }

  /** A relay that comes to an address where nobody is hostile publishes all. */
  async #goElsewhere(): Promise<void> {
    await this.#stop();
    this.#start(this.#addresses.clean);
    await this.#settle("a start elsewhere");
    await this.#stop();
  }

  #start(brokers: readonly string[]): void {
    this.journal.note(`a relay starts with ${brokers.join(", ")}`);
    this.seat.start(brokers);
  }

  async #untilStreaming(): Promise<void> {
    const isStreaming = await this.#watch((sight) => sight?.state === "streaming", PROGRESS_MS);
    if (!isStreaming) throw new WorldFailed("stuck", "the first start does not stream");
  }

  /** All that is committed now is published; for as long as it takes while it goes on. */
  async #settle(after: string): Promise<void> {
    const progress = new SlotProgress(await this.#slot.walEnd());
    let last: RelaySight | null = null;
    let confirmed: Lsn | null = null;
    for (let before: bigint | null = -1n; before !== confirmed && !progress.isPast; ) {
      before = confirmed;
      await this.#watch(async (sight) => {
        await this.#slot.touch();
        last = sight;
        confirmed = await this.#slot.confirmed();
        const isWell = sight?.state === "streaming";
        progress.add(isWell ? confirmed : null, this.seat.halts.length);
        return progress.isPast;
      }, PROGRESS_MS);
    }
    if (!progress.isPast)
      throw new WorldFailed("stuck", `no progress after ${after}: ${JSON.stringify(last)}`);
    this.journal.note(`all is published after ${after}`);
  }

  /** Waits until `holds`, and looks whether the relay is well meanwhile. */
  #watch(
    holds: (sight: RelaySight | null) => boolean | Promise<boolean>,
    deadlineMs: number,
  ): Promise<boolean> {
    const isSo = async (): Promise<boolean> => holds(await this.seat.status());
    return holdsInOwnTime(deadlineMs, isSo, this.#cutShort);
  }
}

function failureOf(error: unknown): Failure {
  if (error instanceof WorldFailed) return error.failure;
  if (error instanceof RelayCrash) return { kind: "crashed", what: error.message };
  if (error instanceof RelayStays) return { kind: "late-end", what: error.message };
  throw error;
}
