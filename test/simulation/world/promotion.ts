import type { World } from "./world.ts";

const UNDECIDED_MS_MAX = 60_000;
const WRITING_AFTER_PROMOTION_MS = 1_000;

/**
 * A promotion that loses what the standby did not have, while no relay runs and nothing is open at Kafka. Where Kafka
 * has more than the new primary, the relays must go on from where both agree.
 */
export async function promoteWithLoss(world: World): Promise<void> {
  const { clock, load, brokers, postgres, oracle } = world;
  for (const seat of world.seats) world.kill(seat);
  load.interrupt();
  brokers.heal();
  const { transactions } = brokers.cluster;
  const isDecided = (): boolean => transactions.undecided === 0;
  // One that only a successor can end, because its time-out is longer, would be decided after the promotion.
  if (!(await clock.runUntil(isDecided, UNDECIDED_MS_MAX))) return;
  const { wal } = postgres;
  const before = [...wal.transactions];
  postgres.promote();
  const isLost = oracle.covered > wal.end;
  world.trace(() => `promoted with loss at ${wal.end.toString(16)}, published: ${isLost}`);
  oracle.history.undone(before.slice(wal.transactions.length));
  oracle.undone();
  if (isLost) oracle.promoted();
  // Writers go on at the new primary, at LSNs that were used before.
  await clock.run(WRITING_AFTER_PROMOTION_MS);
}
