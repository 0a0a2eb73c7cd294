import type { Moment } from "../../../src/relay/observer.ts";
import { MODEL_TABLE_OID } from "../../support/model/model-catalog.ts";
import type { SimClock } from "../engine/sim-clock.ts";
import type { Silence } from "../kafka/sim-brokers.ts";
import type { Doom, World } from "./world.ts";

const MOMENTS: readonly Moment[] = [
  "begin-decoded",
  "stream-started",
  "fenced",
  "barrier-committed",
  "produce-sent",
  "produce-answered",
  "produce-acked",
  "end-sent",
  "end-acked",
  "batch-split",
  "batch-settled",
  "status-sent",
];

/** Longer than a relay uses an epoch plus the longest freeze. */
const IDS_EXPIRE_MS = 12_000;

/** Errors that a broker may answer a Produce with, and whether it may have written all the same. */
const PRODUCE_ERRORS: readonly { readonly error: number; readonly isApplied: boolean }[] = [
  { error: 3, isApplied: false },
  { error: 6, isApplied: false },
  { error: 7, isApplied: true },
  { error: 19, isApplied: false },
  { error: 20, isApplied: true },
  { error: 45, isApplied: false },
  { error: 56, isApplied: false },
  { error: 59, isApplied: false },
];

/** What goes wrong, by name, and how often compared with others. */
const FAULTS: Readonly<Record<string, { readonly weight: number; strike(world: World): void }>> = {
  kill: { weight: 45, strike: (world) => kill(world) },
  freeze: { weight: 8, strike: (world) => freeze(world) },
  stop: { weight: 4, strike: (world) => stop(world) },
  "cut-postgres": { weight: 6, strike: ({ postgres }) => postgres.walsender?.cut() },
  "silence-postgres": { weight: 2, strike: ({ postgres }) => postgres.walsender?.silence() },
  "crash-postgres": { weight: 4, strike: (world) => crashPostgres(world) },
  "restart-postgres": { weight: 3, strike: (world) => restartPostgres(world) },
  promote: { weight: 2, strike: (world) => promote(world) },
  replicate: { weight: 8, strike: (world) => replicate(world) },
  "rename-table": { weight: 2, strike: (world) => renameTable(world) },
  "add-child": { weight: 2, strike: ({ load }) => load.addChild() },
  "drop-child": { weight: 2, strike: (world) => dropChild(world) },
  "alter-table": { weight: 2, strike: ({ load }) => load.changeLayout() },
  "cut-kafka": { weight: 6, strike: ({ brokers }) => brokers.cutAll() },
  "silence-broker": { weight: 4, strike: (world) => silenceBroker(world) },
  "slow-kafka": { weight: 2, strike: (world) => slowKafka(world) },
  "kill-broker": { weight: 5, strike: (world) => killBroker(world) },
  "move-leaders": { weight: 4, strike: (world) => moveLeaders(world) },
  "produce-errors": { weight: 6, strike: (world) => produceErrors(world) },
  "forget-producers": { weight: 2, strike: (world) => forgetProducers(world) },
  "forget-ids": { weight: 1, strike: (world) => forgetIds(world) },
  "change-catalog": { weight: 4, strike: (world) => changeCatalog(world) },
  calm: { weight: 6, strike: () => undefined },
};

/** Draws faults from the world's own chance, one after the other. */
export class Nemesis {
  readonly #world: World;
  readonly #faults: readonly string[];

  /** `only`: the names of the faults to draw from; all when there are none. */
  constructor(world: World, only: readonly string[] = []) {
    this.#world = world;
    this.#faults = Object.entries(FAULTS)
      .filter(([name]) => only.length === 0 || only.includes(name))
      .flatMap(([name, { weight }]) => Array.from({ length: weight }, () => name));
  }

  /** One fault, and the time until the next. */
  async strike(): Promise<void> {
    const { clock } = this.#world;
    const name = clock.pick(this.#faults);
    this.#world.trace(() => `fault: ${name}`);
    FAULTS[name]?.strike(this.#world);
    await clock.run(clock.random() * clock.pick([20, 150, 400]));
  }
}

export const FAULT_NAMES: readonly string[] = Object.keys(FAULTS);

function later(clock: SimClock, msMax: number, work: () => void): void {
  clock.after(clock.random() * msMax, work);
}

/** Dies where it stands, or its successor soon at a moment of its work; another takes its seat. */
function kill(world: World): void {
  const { clock } = world;
  const seat = clock.pick(world.seats);
  // Those that wake up one day are worth more than those that are dead.
  if (seat.relay?.process.isFrozen === true && clock.chance(0.9)) return;
  world.kill(seat);
  const doom = clock.chance(0.6) ? drawDoom(clock, () => world.kill(seat)) : null;
  later(clock, clock.pick([5, 600]), () => {
    if (seat.relay === null || seat.relay.hasEnded) world.startRelay(seat, doom);
  });
}

/** At once, or at a moment of its work: then it has something in its hands that it goes on with when it wakes. */
function freeze(world: World): void {
  const { clock } = world;
  const seat = clock.pick(world.seats);
  const strike = (): void => {
    const process = seat.relay?.process;
    if (process === undefined) return;
    clock.after(0, () => process.freeze());
    later(clock, clock.pick([300, 3_000, 9_000]), () => process.thaw());
  };
  if (clock.chance(0.4)) strike();
  else seat.doom = drawDoom(clock, strike);
}

/** Withdrawn for longer than a look takes or for less, and back with the same owner or another one. */
function changeCatalog({ plan, postgres, clock }: World): void {
  const { catalog } = postgres;
  if (!plan.changesCatalog) return;
  if (plan.changesOwner && clock.chance(0.3)) return catalog.changeOwner();
  catalog.withdraw();
  const isSeen = clock.chance(0.7);
  const withOwner = plan.changesOwner && isSeen && clock.chance(0.5);
  later(clock, isSeen ? 3_000 : plan.relay.lookIntervalMs, () => catalog.restore(withOwner));
}

function drawDoom(clock: SimClock, strike: () => void): Doom {
  return { moment: clock.pick(MOMENTS), left: 1 + clock.below(12), strike };
}

function stop(world: World): void {
  const seat = world.clock.pick(world.seats);
  seat.relay?.stop();
}

function crashPostgres({ postgres, load, clock }: World): void {
  if (!postgres.isUp) return;
  postgres.crash();
  load.interrupt();
  later(clock, 800, () => postgres.start());
}

function restartPostgres({ postgres, load, clock, oracle }: World): void {
  if (!postgres.isOpen) return;
  load.interrupt();
  postgres.beginShutdown();
  const startedMs = clock.monotonicMs();
  const check = (): void => {
    if (!postgres.isUp || postgres.isOpen) return;
    if (postgres.canStop) {
      postgres.stop();
      later(clock, 500, () => postgres.start());
      return;
    }
    if (clock.monotonicMs() - startedMs > 30_000) {
      oracle.violated("R", "a fast shutdown of Postgres was held up for 30 s");
      return;
    }
    clock.after(5, check);
  };
  check();
}

/** Only where the standby has all that the relay has seen; what happens otherwise is a world of its own. */
function promote({ postgres, load, oracle, plan }: World): void {
  if (!plan.isSynchronized || !postgres.isUp) return;
  load.interrupt();
  const before = [...postgres.wal.transactions];
  postgres.promote();
  oracle.history.undone(before.slice(postgres.wal.transactions.length));
}

/** To another name or another schema, and back after a while. */
function renameTable({ postgres, clock }: World): void {
  const { tables } = postgres;
  const away = clock.pick([{ name: "outbox_tmp" }, { schema: "archive" }]);
  tables.alter(MODEL_TABLE_OID, away);
  later(clock, clock.pick([5, 600]), () =>
    tables.alter(MODEL_TABLE_OID, { schema: "public", name: "outbox" }),
  );
}

/** What a dropped table held is nowhere to be repaired from. */
function dropChild({ load, oracle, plan }: World): void {
  if (!plan.hasGap) load.dropChild(oracle.covered);
}

function replicate({ postgres, clock }: World): void {
  postgres.wal.replicate(clock.random());
  postgres.changed();
}

function silenceBroker({ seats, clock, brokers }: World): void {
  const process = clock.pick(seats).relay?.process;
  if (process === undefined) return;
  const what: Silence = clock.pick(["requests", "answers"]);
  const broker = clock.pick(brokers.cluster.brokerIds);
  brokers.silence(process, broker, what);
  later(clock, 1_500, () => brokers.heal());
}

function slowKafka({ brokers, clock }: World): void {
  brokers.slowMs = clock.random() * 200;
  later(clock, 2_000, () => {
    brokers.slowMs = 0;
  });
}

function killBroker({ brokers, clock }: World): void {
  const broker = clock.pick(brokers.cluster.brokerIds);
  brokers.kill(broker);
  later(clock, 1_500, () => brokers.start(broker));
}

function moveLeaders({ brokers, clock }: World): void {
  const { cluster } = brokers;
  for (const topic of cluster.topics.values()) {
    for (const log of topic.logs) {
      if (clock.chance(0.5)) cluster.moveLeader(log, clock.pick(cluster.brokerIds));
    }
  }
}

function produceErrors({ brokers, clock }: World): void {
  const injected = clock.pick(PRODUCE_ERRORS);
  const probability = clock.pick([0.05, 0.3, 1]);
  brokers.cluster.inject = () => (clock.chance(probability) ? injected : null);
  later(clock, 300, () => {
    brokers.cluster.inject = () => null;
  });
}

/**
 * Brokers forget a producer of which nothing came for a day, so nothing older is still under way. That matters where nothing but the epoch in the partition keeps an older relay out.
 */
function mayForget({ plan, brokers, seats }: World): boolean {
  const isOldAlive = seats.some(({ relay }) => relay?.process.isFrozen === true);
  return plan.delivery === "exactly-once" || !(isOldAlive || brokers.stragglers > 0);
}

function forgetIds({ brokers, plan }: World): void {
  brokers.cluster.transactions.forgetIdle(plan.delivery === "exactly-once" ? 0 : IDS_EXPIRE_MS);
}

function forgetProducers(world: World): void {
  if (!mayForget(world)) return;
  for (const topic of world.brokers.cluster.topics.values()) {
    for (const log of topic.logs) log.forgetProducers();
  }
}
