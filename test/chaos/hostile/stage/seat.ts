import { LAST_BATCHES_MS } from "../../../../src/relay/options.ts";
import type { RelayFixture } from "../../../support/relay/fixture.ts";
import type { RelaySight, RunningRelay } from "../../schemas/stage/relay-here.ts";
import { RelayApart, RelayHere } from "../../schemas/stage/relay-here.ts";
import type { WorldPlan } from "../plan/world-plan.ts";
import { holdsInOwnTime } from "./own-time.ts";
import { relaySettings, SHUTDOWN_TIMEOUT_MS } from "./settings.ts";

/** What the relay's bounds leave out: the word that the slot is free, connections that are cut, a busy machine. */
const END_SLACK_MS = 4_000;
const END_MS_MAX = SHUTDOWN_TIMEOUT_MS + LAST_BATCHES_MS + END_SLACK_MS;

/** The place of the one relay of a world. */
export class Seat {
  readonly #plan: WorldPlan;
  readonly #fixture: RelayFixture;
  #relay: RunningRelay | null = null;
  /** What relays that are gone wrote. */
  readonly #former: RunningRelay[] = [];

  constructor(plan: WorldPlan, fixture: RelayFixture) {
    this.#plan = plan;
    this.#fixture = fixture;
  }

  get isTaken(): boolean {
    return this.#relay !== null;
  }

  /** Everything that relays of this seat wrote. */
  get output(): string {
    const all = [...this.#former, ...(this.#relay === null ? [] : [this.#relay])];
    return all.map(({ output }) => output).join("");
  }

  /** Halts of the present relay, each as often as it began. */
  get halts(): readonly string[] {
    return this.#relay?.haltCodes ?? [];
  }

  get allHalts(): readonly string[] {
    const all = [...this.#former, ...(this.#relay === null ? [] : [this.#relay])];
    return all.flatMap(({ haltCodes }) => haltCodes);
  }

  /** Whether the present relay's log has the code. */
  hasLogged(code: string): boolean {
    return this.#relay?.output.includes(`"code":"${code}"`) === true;
  }

  start(brokers: readonly string[]): void {
    const settings = relaySettings(this.#plan, this.#fixture, brokers);
    this.#relay = this.#plan.isApart
      ? new RelayApart(this.#fixture.start(settings))
      : new RelayHere(settings);
  }

  /** Throws RelayCrash when it has ended by itself. */
  async status(): Promise<RelaySight | null> {
    const { end = null } = this.#relay ?? {};
    if (end !== null) throw new RelayCrash(`the relay ended by itself: ${end}`);
    return (await this.#relay?.status()) ?? null;
  }

  /** Rejects with RelayStays when it has not ended within its bounds. */
  async stop(cutShort: AbortSignal): Promise<void> {
    await this.status();
    const hasBegun = this.#relay?.output !== "";
    // A process that does not listen for signals yet just ends.
    if (!hasBegun && (await this.kill())) return;
    const ended = this.#leave()?.stop() ?? Promise.resolve();
    let hasEnded = false;
    const settled = ended.finally(() => {
      hasEnded = true;
    });
    settled.catch(() => undefined);
    if (!(await holdsInOwnTime(END_MS_MAX, () => hasEnded, cutShort)))
      throw new RelayStays(`the relay runs ${END_MS_MAX} ms after it was asked to end`);
    await settled;
  }

  /** False when it cannot be killed, and was stopped. */
  async kill(): Promise<boolean> {
    if (!(this.#relay instanceof RelayApart)) return false;
    const relay = this.#relay;
    this.#leave();
    await relay.kill();
    return true;
  }

  #leave(): RunningRelay | null {
    const relay = this.#relay;
    if (relay !== null) this.#former.push(relay);
    this.#relay = null;
    return relay;
  }
}

/** The relay ended by itself. */
export class RelayCrash extends Error {}

/** The relay does not end. */
export class RelayStays extends Error {}
