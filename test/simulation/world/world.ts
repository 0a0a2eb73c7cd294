import type { BrokerRequest } from "../../../src/kafka/broker-channel.ts";
import type { RelayError } from "../../../src/relay/errors.ts";
import type { Moment } from "../../../src/relay/observer.ts";
import type { RelayState } from "../../../src/relay/state.ts";
import { SimClock } from "../engine/sim-clock.ts";
import type { SimProcess } from "../engine/sim-process.ts";
import { SimBrokers } from "../kafka/sim-brokers.ts";
import { Consumers } from "../oracle/consumers.ts";
import { Oracle } from "../oracle/oracle.ts";
import { SimPostgres } from "../postgres/sim-postgres.ts";
import { Load } from "./load.ts";
import type { WorldPlan } from "./plan.ts";
import { CHECKPOINT_TOPIC, drawPlan, ROUTES, SLOT } from "./plan.ts";
import { SimOperator } from "./sim-operator.ts";
import { SimRelay } from "./sim-relay.ts";

const API_INIT_PRODUCER_ID = 22;
const CONSUME_INTERVAL_MS = 25;
/** How long all may stand still once it is healed. */
const HEAL_DEADLINE_MS = 60_000;
/** How long a halt is watched before somebody decides. */
const CALM_MS = 3_000;

/** Takes each line of what happens; for `--trace` and for comparing two runs. */
export type Trace = (line: string) => void;

/** What is to happen to a process when it is at a moment of its work for the how-manieth time. */
export interface Doom {
  readonly moment: Moment;
  left: number;
  strike(): void;
}

interface Seat {
  readonly name: string;
  relay: SimRelay | null;
  incarnation: number;
  doom: Doom | null;
}

/** Postgres, Kafka, two relays, writers and consumers under one clock: everything that happens comes from the seed. */
export class World {
  readonly clock: SimClock;
  readonly plan: WorldPlan;
  readonly brokers: SimBrokers;
  readonly postgres: SimPostgres;
  readonly oracle: Oracle;
  readonly load: Load;
  readonly seats: readonly Seat[];
  readonly #consumers: Consumers;
  readonly #trace: Trace | null;
  #hasBegun = false;
  crashes = 0;
  /** Batches that relays know to be durable so far. */
  settled = 0;
  /** Why relays stood or waited so far. */
  readonly reasons: RelayError[] = [];
  #firstRow = 0;
  #isEnding = false;
  #stands = false;
  /** Codes of halts that belong to what the world goes through. */
  expectedHalts: readonly string[] = [];

  constructor(seed: number, trace: Trace | null, overrides: Partial<WorldPlan> = {}) {
    this.#trace = trace;
    this.clock = new SimClock(seed);
    this.plan = { ...drawPlan(this.clock), ...overrides };
    const { plan, clock } = this;
    this.oracle = new Oracle({
      delivery: plan.delivery,
      checkpointTopic: CHECKPOINT_TOPIC,
      slot: SLOT,
    });
    this.#consumers = new Consumers(this.oracle, plan.consumers, clock, CHECKPOINT_TOPIC);
    this.brokers = this.#newBrokers();
    this.postgres = new SimPostgres({ ...plan, walSenderTimeoutMs: 900 }, clock, (confirmed) => {
      this.trace(() => `confirmed ${confirmed.toString(16)}`);
      this.oracle.confirmed(confirmed);
    });
    this.load = new Load({ clock, postgres: this.postgres, plan }, (transaction) => {
      this.trace(
        () => `commit ${transaction.commitLsn.toString(16)} of ${transaction.rows.length} rows`,
      );
      this.oracle.history.committed(transaction);
    });
    this.seats = ["a", "b"].map((name) => ({ name, relay: null, incarnation: 0, doom: null }));
    this.#consume();
  }

  #newBrokers(): SimBrokers {
    const { plan } = this;
    const options = {
      brokers: plan.brokers,
      transactionVersion: plan.protocol === "v2" ? 2 : 0,
      markerDelayMsMax: plan.markerDelayMsMax,
    } as const;
    const brokers = new SimBrokers(options, this.clock, (process, broker, request) =>
      this.#asked(process, broker, request),
    );
    brokers.unreadable = ({ name }, broker, error) => {
      this.oracle.violated(
        "bug",
        `broker ${broker} cannot read a request of ${name}: ${String(error)}`,
      );
    };
    const { cluster } = brokers;
    cluster.created = (topic) => this.#consumers.add(topic);
    for (const route of ROUTES) cluster.createTopic(`events.${route}`, plan.partitions);
    cluster.createTopic(CHECKPOINT_TOPIC, 1);
    cluster.decided = (entries, isCommit) => {
      this.trace(
        () => `transaction ${isCommit ? "committed" : "aborted"}: ${entries.length} batches`,
      );
      this.oracle.decided(entries, isCommit);
    };
    return brokers;
  }

  trace(line: () => string): void {
    this.#trace?.(`${this.clock.monotonicMs().toFixed(3)} ${line()}`);
  }

  startRelay(seat: Seat, doom: Seat["doom"] = null): void {
    if (this.#stands) return;
    seat.incarnation += 1;
    seat.doom = doom;
    const name = `${seat.name}${seat.incarnation}`;
    this.trace(
      () => `${name} starts${doom === null ? "" : `, doomed at ${doom.moment} no. ${doom.left}`}`,
    );
    const relay = new SimRelay(name, this, {
      moment: (moment) => {
        if (seat.relay === relay) this.#moment(seat, moment);
      },
      stateChanged: (state) => this.#stateChanged(name, state),
      broken: (error) => {
        const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
        this.oracle.violated("bug", `${name} ended: ${text}`);
      },
    });
    seat.relay = relay;
  }

  kill(seat: Seat): void {
    if (seat.relay === null) return;
    this.trace(() => `${seat.relay?.process.name} is killed`);
    seat.relay.process.die();
    seat.relay = null;
    this.crashes += 1;
  }

  /** The slot exists before anybody writes, as it should: of two relays that start together one makes it. */
  async begin(): Promise<void> {
    this.postgres.slotMade = () => {
      this.#firstRow = this.oracle.history.rows.length;
      this.oracle.startFrom(this.#firstRow);
    };
    for (const seat of this.seats) this.startRelay(seat);
    const hasBegun = (): boolean =>
      this.oracle.covered > 0n && this.#isIn("streaming") && this.#isIn("standby");
    if (!(await this.clock.runUntil(hasBegun, HEAL_DEADLINE_MS))) {
      this.oracle.violated("R", "nobody made the slot, or nobody stands by");
    }
    this.#hasBegun = true;
    this.postgres.slotMade = () => undefined;
    await this.clock.run(50);
  }

  #isIn(state: RelayState["name"]): boolean {
    return this.seats.some(({ relay }) => relay?.relay.state.name === state);
  }

  /** No relay runs until `go`, all servers are up, and the slot is free. */
  async stand(): Promise<void> {
    this.#stands = true;
    for (const seat of this.seats) {
      seat.doom = null;
      this.kill(seat);
    }
    this.brokers.heal();
    this.postgres.start();
    await this.clock.runUntil(() => this.postgres.walsender === null, HEAL_DEADLINE_MS);
  }

  go(): void {
    this.#stands = false;
  }

  /** All faults end, everything is read to the end, and the verdict is complete. */
  async end(): Promise<void> {
    this.#isEnding = true;
    this.go();
    this.load.stop();
    this.load.interrupt();
    this.postgres.start();
    this.brokers.heal();
    for (const seat of this.seats) {
      seat.doom = null;
      seat.relay?.process.thaw();
    }
    this.#keepSeatsTaken();
    this.postgres.catalog.restore(false);
    this.trace(() => "all is healed");
    this.postgres.wal.replicate(1);
    this.postgres.changed();
    await this.#decide();
    if (!(await this.#settles())) {
      const states = this.seats.map(({ relay }) => relay?.relay.state.name).join(", ");
      this.oracle.violated(
        "R",
        `no progress for ${HEAL_DEADLINE_MS} ms after all was healed: ${states}`,
      );
    }
    await this.clock.run(CONSUME_INTERVAL_MS * 3);
    this.oracle.checkNothingLost(this.#firstRow);
  }

  /** A change that may have left rows out stands in the checkpoint by now, and nothing goes on before a person has decided. */
  async #decide(): Promise<void> {
    const { oracle, postgres } = this;
    if (!this.plan.changesCatalog) return;
    await this.clock.run(CALM_MS);
    await this.clock.runUntil(() => oracle.halts.isHalted || this.#isSettled, HEAL_DEADLINE_MS);
    if (!postgres.catalog.isSuspect && !oracle.halts.isHalted) return;
    if (!(await this.clock.runUntil(() => oracle.halts.isHalted, HEAL_DEADLINE_MS)))
      return oracle.violated("S", "the publication was changed, and no halt was written down");
    await this.clock.run(CALM_MS);
    if (!oracle.halts.isHalted) oracle.violated("S", "the halt did not stay");
    const operator = new SimOperator("operator", this);
    if (!(await this.clock.runUntil(() => operator.hasAccepted, HEAL_DEADLINE_MS)))
      oracle.violated("R", "accept publication does not come to an end");
    postgres.catalog.accepted();
  }

  /** A relay that had been told to stop has a successor. */
  #keepSeatsTaken(): void {
    for (const seat of this.seats) {
      if (seat.relay === null || seat.relay.hasEnded) this.startRelay(seat);
    }
    this.clock.after(CONSUME_INTERVAL_MS, () => this.#keepSeatsTaken());
  }

  /** However long it takes, as long as it goes on. */
  async #settles(): Promise<boolean> {
    for (let seen = -1; seen !== this.oracle.consumed; ) {
      seen = this.oracle.consumed;
      if (await this.clock.runUntil(() => this.#isSettled, HEAL_DEADLINE_MS)) return true;
    }
    return false;
  }

  /** A relay that never had the slot has no business with the transactional ids, once there is one. */
  #asked(process: SimProcess, broker: number, { apiKey, apiVersion }: BrokerRequest): void {
    this.trace(() => `${process.name} asks broker ${broker}: API ${apiKey} v${apiVersion}`);
    if (!this.#hasBegun || apiKey !== API_INIT_PRODUCER_ID || this.postgres.hadSlot(process))
      return;
    if (this.plan.changesCatalog && this.postgres.hadReserved(process)) return;
    // Where a slot is made again, the relay that has reserved it fences before there is one.
    if (this.expectedHalts.length > 0) return;
    this.oracle.violated("F", `${process.name} fences although it never had the slot`);
  }

  get #isSettled(): boolean {
    const { postgres, brokers } = this;
    return (
      this.#isIn("streaming") &&
      !this.oracle.isRepairPending &&
      postgres.confirmed === postgres.wal.end &&
      brokers.cluster.transactions.undecided === 0
    );
  }

  #moment(seat: Seat, moment: Moment): void {
    this.trace(() => `${seat.relay?.process.name} is at ${moment}`);
    if (moment === "batch-settled") this.settled += 1;
    const { doom } = seat;
    if (doom?.moment !== moment) return;
    doom.left -= 1;
    if (doom.left === 0) doom.strike();
  }

  #stateChanged(name: string, { name: state, reason }: RelayState): void {
    this.trace(() => `${name}: ${state} ${reason?.code ?? ""}`);
    this.oracle.halts.shown(name, state, reason?.code);
    if (reason !== null) this.reasons.push(reason);
    if (state !== "failed" || this.plan.mayHalt) return;
    if (this.expectedHalts.includes(reason?.code ?? "")) return;
    if (this.plan.changesCatalog && reason?.code === "PUBLICATION_CHANGED") return;
    this.oracle.violated("H", `${name} halted: ${reason?.code} ${reason?.message}`);
  }

  #consume(): void {
    this.clock.after(CONSUME_INTERVAL_MS, () => {
      this.#consumers.consume();
      if (!this.#isEnding || this.oracle.violations.length === 0) this.#consume();
    });
  }
}
