import { systemClock } from "../../../../src/ops/system-clock.ts";
import { until } from "../../../support/until.ts";
import type { Fault } from "../plan/fault.ts";
import type { Battlefield } from "./battlefield.ts";
import type { Seat } from "./servers.ts";

/** For a relay with a failpoint to lead and to reach its moment. */
const DOOM_DEADLINE_MS = 12_000;
const TAKE_OVER_DEADLINE_MS = 90_000;

type Named<N extends Fault["name"]> = Extract<Fault, { name: N }>;

export async function strikeKill({ pool }: Battlefield): Promise<void> {
  const seat = await pool.leaderWithin(3_000);
  const isLeader = (await pool.leader()) === seat;
  const sinceMs = systemClock.monotonicMs();
  await pool.kill(seat);
  await pool.recovered(sinceMs, isLeader);
}

/** A fresh standby with the failpoint; its leader is killed, so that it leads, meets its moment and dies. */
export async function strikeFailpoint(
  { pool, log }: Battlefield,
  { moment, count }: Named<"failpoint">,
): Promise<void> {
  const leader = await pool.leaderWithin(10_000);
  const seat: Seat = leader === 0 ? 1 : 0;
  await pool.kill(seat, { RELAY_FAILPOINTS: `${moment}=kill@${count}` });
  const doomed = pool.relayAt(seat);
  await within(() => doomed.lines.some(({ state }) => state === "standby"), 10_000);
  await pool.kill(leader);
  if (await within(() => doomed.hasEnded, DOOM_DEADLINE_MS)) {
    await pool.recovered(systemClock.monotonicMs(), true);
    return;
  }
  log.note(`failpoint ${moment} was not met`);
  if (pool.relayAt(seat) === doomed) await pool.kill(seat);
  await pool.recovered(systemClock.monotonicMs(), false);
}

/** Longer than wal_sender_timeout, so that Postgres gives the slot to the other; then it wakes and must not write. */
export async function strikeFreeze(
  { pool, log, hold }: Battlefield,
  { holdMs }: Named<"freeze">,
): Promise<void> {
  const seat = await pool.leaderWithin(10_000);
  const isLeader = (await pool.leader()) === seat;
  const frozen = pool.relayAt(seat);
  const sinceMs = systemClock.monotonicMs();
  frozen.signal("SIGSTOP");
  try {
    await until(
      async () => (await pool.streaming(seat)) !== null,
      TAKE_OVER_DEADLINE_MS,
      "the standby to take over from a frozen leader",
    );
    if (isLeader) pool.freezes += 1;
    log.note(`taken over after ${Math.round(systemClock.monotonicMs() - sinceMs)} ms`);
    await hold(holdMs);
  } finally {
    frozen.signal("SIGCONT");
  }
  const isStandby = (): boolean => frozen.lines.at(-1)?.state === "standby";
  if (!(await within(isStandby, 10_000))) log.note("the woken relay is no standby yet");
}

async function within(holds: () => boolean, deadlineMs: number): Promise<boolean> {
  const endMs = systemClock.monotonicMs() + deadlineMs;
  await until(() => holds() || systemClock.monotonicMs() > endMs, deadlineMs * 2, "a deadline");
  return holds();
}
