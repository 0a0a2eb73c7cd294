import { API_NAMES, apiName } from "../../../src/kafka/api/names.ts";
import { errorName } from "../../../src/kafka/error-code.ts";
import { RelayError } from "../../../src/relay/errors.ts";
import { LAST_BATCHES_MS, SERVER_SHUTDOWN_GRACE_MS } from "../../../src/relay/options.ts";
import type { Hostility } from "../../support/brokers/hostile/hostility.ts";
import { hostilityText } from "../../support/brokers/hostile/hostility.ts";
import type { SimTransaction } from "../postgres/sim-wal.ts";
import { relayOptions } from "../world/plan.ts";
import type { World } from "../world/world.ts";
import type { Episode } from "./draw-hostility.ts";
import { ENDINGS, emptyTally } from "./tally.ts";

/** Timers, connections that are cut and the walsender's own answer take part of a second beside the relay's bounds. */
const SLACK_MS = 1_000;
const WHILE_MS_MAX = 3_000;
/** Within this time something was published, or a relay says why not. */
const NAMED_WITHIN_MS = 60_000;
/** The rate is counted while nobody writes, once the pauses of all loops have grown. */
const RATE_MS = 4_000;
const REQUESTS_PER_SECOND_MAX = 120;
const API_FETCH = 1;
const API_CREATE_TOPICS = 19;
const SETTLE_MS_MAX = 60_000;
const READING_MS_MAX = 30_000;

/** What is shown in passing, whatever brokers answer. */
const SAYS_NOTHING: ReadonlySet<string> = new Set([
  "KAFKA_CLOSED",
  "KAFKA_EPOCH_RENEWAL",
  "POSTGRES_UNREACHABLE",
]);

/** Makes brokers hostile in one way after the other, and looks at what the relays promise meanwhile. */
export class HostileNemesis {
  readonly tally = emptyTally();
  readonly #world: World;
  /** What the episode at hand is, for the findings. */
  #text = "";

  constructor(world: World) {
    this.#world = world;
  }

  async strike({ hostility, duration }: Episode): Promise<void> {
    const { clock, brokers, load } = this.#world;
    this.#text = `${hostilityText(hostility)}, ${duration}`;
    this.#world.trace(() => `hostile: ${this.#text}`);
    this.tally.episodes += 1;
    const before = brokers.hostile.met;
    brokers.hostile.hostility = hostility;
    // Nothing else makes a relay create a topic.
    if (hostility.apiKey === API_CREATE_TOPICS) load.addRoute();
    this.#unsettle();
    if (duration === "lasting") await this.#endure(hostility);
    else if (duration === "once")
      await clock.runUntil(() => brokers.hostile.met > before, WHILE_MS_MAX);
    else await clock.run(clock.random() * WHILE_MS_MAX);
    brokers.hostile.hostility = null;
    this.tally.met += brokers.hostile.met - before;
    await clock.run(clock.random() * 400);
    await this.#seated();
    const unknown = [...brokers.asked.keys()].find((apiKey) => !(apiKey in API_NAMES));
    if (unknown !== undefined)
      this.#violated(`relays ask for API ${unknown}, and brokers are never hostile to it`);
  }

  /** Most requests are sent in an opening only. */
  #unsettle(): void {
    const { clock, brokers, seats } = this.#world;
    const draw = clock.random();
    if (draw < 0.5) brokers.cutAll();
    else if (draw < 0.7) this.#world.kill(clock.pick(seats));
    for (const seat of seats) if (seat.relay === null) this.#world.startRelay(seat);
  }

  /** For as long as it lasts: a cause with a name or progress, few requests, and an end when one is asked for. */
  async #endure(hostility: Hostility): Promise<void> {
    const { clock, load } = this.#world;
    this.tally.lasting += 1;
    await this.#namedOrServing(hostility);
    load.isPaused = true;
    await clock.run(SLACK_MS);
    await this.#checkRate();
    load.isPaused = false;
    const ending = clock.pick(ENDINGS);
    this.tally.endings[ending] += 1;
    this.#world.trace(() => `ending: ${ending}`);
    if (ending === "stop") await this.#stop();
    else if (ending === "shutdown") await this.#shutDown();
    else if (ending === "stall") await this.#stall();
  }

  async #namedOrServing(hostility: Hostility): Promise<void> {
    const { clock, postgres, reasons, load } = this.#world;
    const { length: before } = reasons;
    const { transactions } = postgres.wal;
    const { length: from } = transactions;
    // Of a topic that is to be created a row has to come, of other ones any.
    const route = hostility.apiKey === API_CREATE_TOPICS ? load.newestRoute : null;
    const isNew = ({ rows }: SimTransaction): boolean =>
      route === null ? rows.length > 0 : rows.some((row) => row.route === route);
    let written: SimTransaction | undefined;
    const isServing = (): boolean => {
      written ??= transactions.slice(from).find(isNew);
      return written !== undefined && (postgres.confirmed ?? 0n) >= written.endLsn;
    };
    const isNamed = (): boolean => reasons.slice(before).some((reason) => names(reason, hostility));
    // However long it takes, as long as it goes on.
    for (let seen = -1; seen !== this.#world.settled; ) {
      seen = this.#world.settled;
      if (await clock.runUntil(() => isNamed() || isServing(), NAMED_WITHIN_MS)) return;
    }
    const shown = [...new Set(reasons.slice(before).map(({ message }) => message))].slice(-3);
    this.#violated(`no progress, and no name for it: ${shown.join(" | ")}`);
  }

  async #checkRate(): Promise<void> {
    const { clock, brokers, settled } = this.#world;
    const { asked } = brokers;
    const before = new Map(asked);
    await clock.run(RATE_MS);
    // What was written before is still on its way: these are no requests of waiting loops.
    if (this.#world.settled !== settled) return;
    for (const [apiKey, count] of asked) {
      const perSecond = ((count - (before.get(apiKey) ?? 0)) * 1_000) / RATE_MS;
      // A long log of short answers takes many: that is reading, not waiting.
      if (apiKey !== API_FETCH && perSecond > REQUESTS_PER_SECOND_MAX)
        this.#violated(`${perSecond} ${apiName(apiKey)} requests a second while nobody writes`);
    }
  }

  /** SIGTERM. */
  async #stop(): Promise<void> {
    const { clock, seats, plan } = this.#world;
    const relays = seats.flatMap(({ relay }) => (relay === null ? [] : [relay]));
    for (const relay of relays) relay.stop();
    const { shutdownTimeoutMs } = relayOptions(plan, "");
    const withinMs = shutdownTimeoutMs + LAST_BATCHES_MS + SLACK_MS;
    const haveEnded = (): boolean => relays.every(({ hasEnded }) => hasEnded);
    if (!(await clock.runUntil(haveEnded, withinMs)))
      this.#violated(`a relay runs ${withinMs} ms after SIGTERM`);
  }

  async #shutDown(): Promise<void> {
    const { clock, postgres, load } = this.#world;
    load.interrupt();
    postgres.beginShutdown();
    const withinMs = SERVER_SHUTDOWN_GRACE_MS + LAST_BATCHES_MS + SLACK_MS;
    if (!(await clock.runUntil(() => postgres.canStop, withinMs)))
      this.#violated(`a fast shutdown of Postgres is held up for ${withinMs} ms`);
    postgres.stop();
    await clock.run(clock.random() * 500);
    postgres.start();
  }

  async #stall(): Promise<void> {
    const { clock, postgres, plan } = this.#world;
    const { sinkStallReleaseMs } = relayOptions(plan, "");
    const withinMs = sinkStallReleaseMs + LAST_BATCHES_MS + SLACK_MS;
    // Batches within a large transaction are progress, too, and confirm nothing.
    const { settled } = this.#world;
    const isFreeOrServing = (): boolean =>
      postgres.walsender === null || this.#world.settled > settled;
    const read = this.#readingMs;
    let givenMs = 0;
    // A long log takes its time, and is read forward.
    const dueMs = (): number => withinMs + Math.min(this.#readingMs - read, READING_MS_MAX);
    while (dueMs() > givenMs) {
      const moreMs = dueMs() - givenMs;
      givenMs += moreMs;
      if (await clock.runUntil(isFreeOrServing, moreMs)) return;
    }
    this.#violated(`the slot is held for ${Math.round(givenMs)} ms without progress`);
  }

  get #readingMs(): number {
    return this.#world.seats.reduce((sum, { relay }) => sum + (relay?.readingMs ?? 0), 0);
  }

  /** Each seat has a relay, and one of them gets somewhere. */
  async #seated(): Promise<void> {
    const { clock, seats, load, postgres } = this.#world;
    for (const seat of seats) {
      if (seat.relay === null || seat.relay.hasEnded) this.#world.startRelay(seat);
    }
    load.isPaused = true;
    const isSettled = (): boolean =>
      (postgres.confirmed ?? 0n) >= (postgres.wal.transactions.at(-1)?.endLsn ?? 0n);
    // However long it takes, as long as it goes on.
    for (let seen = -1; seen !== this.#world.settled && !isSettled(); ) {
      seen = this.#world.settled;
      await clock.runUntil(isSettled, SETTLE_MS_MAX);
    }
    if (!isSettled()) this.#violated("no progress for a minute after it ended");
    load.isPaused = false;
  }

  #violated(text: string): void {
    this.#world.oracle.violated("E", `${this.#text}: ${text}`);
  }
}

/** Whether people can see from it what happens. */
function names(reason: RelayError, hostility: Hostility): boolean {
  const { kind, code: answered, apiKey } = hostility;
  const { code, message, cause } = reason;
  if (code === "SINK_STALLED") {
    if (kind === "throttle") return namesPause(message);
    const isNamed = message.includes(apiName(apiKey)) || message.includes(errorName(answered));
    return isNamed || (cause instanceof RelayError && names(cause, hostility));
  }
  if (SAYS_NOTHING.has(code)) return false;
  if (kind === "throttle") return namesPause(message);
  // The row is named where a Produce is lost again and again, and the request otherwise.
  if (kind === "hang-up" || kind === "silence") return message.includes(apiName(apiKey));
  // Connections that were cut when it began.
  if (code === "KAFKA_UNREACHABLE") return false;
  const isBare = code === "KAFKA_ERROR" || code === "KAFKA_REFUSED";
  return !isBare || kind !== "code" || message.includes(errorName(answered));
}

/** The pause itself, or what it makes a transaction be open for too long. */
function namesPause(message: string): boolean {
  return /asked for a pause|longer than RELAY_TRANSACTION_TIMEOUT/.test(message);
}
