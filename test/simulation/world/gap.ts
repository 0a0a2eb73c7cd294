import type { SimPostgres } from "../postgres/sim-postgres.ts";
import { SimRepair } from "./sim-repair.ts";
import type { World } from "./world.ts";

const HOUR_MS = 3_600_000;
const NOTICED_MS_MAX = 30_000;
const REPAIRED_MS_MAX = 60_000;
/** Between the gap and what comes of it, and between the troubles of a repair. */
const PAUSE_MS_MAX = 1_500;
const TROUBLES_MAX = 6;

/** What happens to a slot that nobody reads from, by the code that tells of it. */
const GAPS: Readonly<Record<string, (postgres: SimPostgres) => void>> = {
  GAP_SLOT_MISSING: (postgres) => postgres.dropSlot(),
  GAP_SLOT_INVALID: (postgres) => {
    postgres.isSlotLost = true;
  },
  GAP_SLOT_ADVANCED: (postgres) => {
    postgres.wal.write(8);
    postgres.confirmed = postgres.wal.end;
  },
};

/**
 * A gap, the halt that tells of it, and the repair: commands and relays die in the middle of it, servers go away, clocks
 * are hours apart and are set. Afterwards everything that was committed is at Kafka, once, in the order of writing.
 */
export async function gapAndRepair(world: World): Promise<void> {
  const { clock, postgres, oracle, load } = world;
  await world.stand();
  const code = clock.pick(Object.keys(GAPS));
  await clock.run(clock.random() * PAUSE_MS_MAX);
  world.trace(() => `gap: ${code}`);
  world.expectedHalts = Object.keys(GAPS);
  oracle.gap();
  load.mayDelete = () => oracle.isSlotKept;
  GAPS[code]?.(postgres);
  await clock.run(clock.random() * PAUSE_MS_MAX);
  setClock(world);
  world.go();
  for (const seat of world.seats) world.startRelay(seat);
  const isNoticed = (): boolean =>
    world.seats.some(({ relay }) => relay?.relay.state.reason?.code === code);
  if (!(await clock.runUntil(isNoticed, NOTICED_MS_MAX)))
    return oracle.violated("R", `nobody tells of ${code}`);
  await order(world);
  for (let left = clock.below(TROUBLES_MAX); left > 0; left--) {
    await clock.run(clock.random() * clock.pick([50, 300, PAUSE_MS_MAX]));
    trouble(world);
  }
}

/** The command, again and again until one has lived long enough. */
async function order(world: World): Promise<void> {
  const { clock, oracle } = world;
  const startedMs = clock.monotonicMs();
  for (let attempt = 1; clock.monotonicMs() - startedMs < REPAIRED_MS_MAX; attempt++) {
    const operator = new SimRepair(`operator${attempt}`, world);
    if (clock.chance(0.4)) clock.after(clock.random() * 60, () => operator.process.die());
    await clock.runUntil(() => operator.hasEnded, REPAIRED_MS_MAX);
    operator.process.die();
    world.trace(() => `repair: ${operator.outcome?.message ?? operator.refusal?.code ?? "died"}`);
    // One that died may have written down what it was about to do, and the relays that wait do it.
    if (operator.outcome !== null || oracle.hasRepairBegun) return;
    if (operator.refusal?.remedy === "halt")
      return oracle.violated("H", `repair is refused: ${operator.refusal.code}`);
    await clock.run(clock.random() * 400);
  }
  oracle.violated("R", "the repair does not begin");
}

function trouble(world: World): void {
  const { clock, postgres, brokers, load } = world;
  const kind = clock.pick(["kill", "kill", "kill", "postgres", "kafka", "clock"]);
  world.trace(() => `trouble: ${kind}`);
  if (kind === "clock") return setClock(world);
  if (kind === "kafka") return brokers.cutAll();
  if (kind === "kill") {
    const seat = clock.pick(world.seats);
    world.kill(seat);
    clock.after(clock.random() * 300, () => {
      if (seat.relay === null || seat.relay.hasEnded) world.startRelay(seat);
    });
    return;
  }
  if (!postgres.isUp) return;
  postgres.crash();
  load.interrupt();
  clock.after(clock.random() * 300, () => postgres.start());
}

/** The server's, back or forth. */
function setClock({ clock, postgres }: World): void {
  postgres.wal.clockApartMs += clock.pick([0, -2, 3, -40]) * HOUR_MS;
}
