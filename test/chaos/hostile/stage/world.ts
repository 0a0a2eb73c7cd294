import type { RelayFixture } from "../../../support/relay/fixture.ts";
import type { Failure } from "../check/failure.ts";
import { WorldFailed } from "../check/failure.ts";
import { episodeText, hostileName } from "../plan/texts.ts";
import type { Ending, Episode, WorldPlan } from "../plan/world-plan.ts";
import { CREATE_TOPICS } from "../plan/world-plan.ts";
import { Journal } from "./journal.ts";
import { Lookout } from "./lookout.ts";
import type { Middle } from "./middle.ts";
import { RelayCrash, RelayStays, Seat } from "./seat.ts";
import { Slot } from "./slot.ts";
import { Writers } from "./writers.ts";

const ONCE_MS_MAX = 3_000;

/** Where the brokers are found. */
export interface Addresses {
  readonly hostile: readonly string[];
  readonly clean: readonly string[];
}

/** One relay, its writers, and brokers that are hostile to it in one way after another. */
export class World {
  readonly #plan: WorldPlan;
  readonly #middle: Middle;
  readonly #addresses: Addresses;
  readonly seat: Seat;
  readonly #lookout: Lookout;
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
    this.seat = new Seat(plan, fixture);
    this.#lookout = new Lookout(this.seat, new Slot(fixture), middle, cutShort);
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
        await this.#lookout.streaming();
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
      await this.#clear();
    }
  }

  async #strike(episode: Episode): Promise<void> {
    this.journal.note(episodeText(episode));
    const { met } = this.#middle;
    this.#middle.hostilities = episode.hostilities;
    await this.#unsettle(episode);
    if (episode.duration === "lasting") await this.#endure(episode);
    else if (episode.duration === "once")
      await this.#lookout.watch(() => this.#middle.met > met, ONCE_MS_MAX);
    else await this.#lookout.watch(() => false, episode.forMs);
    this.#middle.hostilities = [];
    this.journal.note(`${this.#middle.met - met} requests met it`);
    if (!this.seat.isTaken) this.#start(this.#addresses.hostile);
    if (episode.isSettled) await this.#settle("a hostility");
  }

  async #unsettle({ unsettling, hostilities }: Episode): Promise<void> {
    const { createsTopics } = this.#plan;
    if (unsettling === "cut") this.#middle.cut();
    if (this.seat.isTaken && unsettling === "restart") await this.#stop();
    if (this.seat.isTaken && unsettling === "kill") await this.#kill();
    if (!this.seat.isTaken) this.#start(this.#addresses.hostile);
    if (createsTopics && hostilities.some(({ apiKey }) => apiKey === CREATE_TOPICS))
      await this.#writers.changeRoutes();
  }

  /** For as long as it lasts: a cause by its name or progress, few requests, and an end when one is asked for. */
  async #endure({ hostilities, countsRequests, ending }: Episode): Promise<void> {
    const cause = await this.#lookout.namedOrServing(hostilities);
    if (cause !== null) {
      this.journal.note(`shown: ${cause.code} ${cause.message}`);
      this.named.push(...hostilities.map((one) => `${hostileName(one)}: ${cause.code}`));
    }
    if (countsRequests) await this.#countRequests();
    this.endings.push(ending);
    this.journal.note(`asked: ${ending}`);
    if (ending === "stop") await this.#stop();
    else if (ending === "kill") await this.#kill();
    else if (ending === "stall") await this.#lookout.stalls();
    else if (ending === "elsewhere") await this.#goElsewhere();
  }

  async #countRequests(): Promise<void> {
    await this.#writers.stop();
    await this.#lookout.asksSeldom();
    this.#writers.start();
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

  async #stop(): Promise<void> {
    await this.seat.stop(this.#cutShort);
    this.journal.note("the relay has ended");
  }

  /** One that is no process of its own is stopped. */
  async #kill(): Promise<void> {
    if (!(await this.seat.kill())) await this.#stop();
  }

  async #settle(after: string): Promise<void> {
    await this.#lookout.settled(after);
    this.journal.note(`all is published after ${after}`);
  }

  /** Whatever became of the world, nothing of it goes on. */
  async #clear(): Promise<void> {
    if (!this.seat.isTaken || (await this.seat.kill())) return;
    await this.seat.stop(this.#cutShort).catch(() => undefined);
  }
}

function failureOf(error: unknown): Failure {
  if (error instanceof WorldFailed) return error.failure;
  if (error instanceof RelayCrash) return { kind: "crashed", what: error.message };
  if (error instanceof RelayStays) return { kind: "late-end", what: error.message };
  throw error;
}
