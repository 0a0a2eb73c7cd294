import { formatLsn, LSN_ZERO } from "../../../../src/relay/lsn.ts";
import type { History, StoredCheckpoint } from "./history.ts";
import type { Verdict } from "./tally.ts";
import { Tally } from "./tally.ts";

/**
 * I1: Postgres was never told to forget what no checkpoint covered. A sample asks the slot first, so every
 * checkpoint that allowed its position was in the topic before the topic's end was asked for.
 */
export function checkConfirmed({ checkpoints, samples }: History): Verdict {
  const tally = new Tally("I1", "confirmed_flush_lsn is never past the newest checkpoint");
  let next = 0;
  let covered = LSN_ZERO;
  for (const sample of samples.toSorted((a, b) => a.checkpointEnd - b.checkpointEnd)) {
    for (; next < checkpoints.length; next++) {
      const checkpoint = checkpoints[next] as StoredCheckpoint;
      if (checkpoint.offset >= sample.checkpointEnd) break;
      if (checkpoint.covered > covered) covered = checkpoint.covered;
    }
    if (next === 0) continue; // Before the first checkpoint the slot stands where it was made.
    tally.expect(sample.confirmed <= covered, () => {
      const later = checkpoints.find((one) => one.covered >= sample.confirmed);
      const rest = later === undefined ? "by none later" : `then by ${describe(later)}`;
      return (
        `at ${new Date(sample.atMs).toISOString()}, end ${sample.checkpointEnd}: confirmed ` +
        `${formatLsn(sample.confirmed)}, covered ${formatLsn(covered)}, ${rest}`
      );
    });
  }
  return tally.verdict();
}

/** C: no checkpoint lies behind the one before it, in what is published and in what may be forgotten. */
export function checkCheckpoints({ checkpoints }: History): Verdict {
  const tally = new Tally("C", "checkpoints only move forward");
  for (const [i, checkpoint] of checkpoints.entries()) {
    const former = checkpoints[i - 1];
    tally.expect(former === undefined || !isBehind(checkpoint, former), () => {
      return `${describe(checkpoint)} after ${former === undefined ? "" : describe(former)}`;
    });
  }
  return tally.verdict();
}

function isBehind(a: StoredCheckpoint, b: StoredCheckpoint): boolean {
  if (a.covered < b.covered) return true;
  if (a.commitLsn !== b.commitLsn) return a.commitLsn < b.commitLsn;
  return a.index < b.index;
}

function describe(checkpoint: StoredCheckpoint): string {
  const { offset, atMs, commitLsn, index, covered, instance } = checkpoint;
  const time = new Date(atMs).toISOString();
  return `checkpoint ${offset} of ${instance} at ${time} (${formatLsn(commitLsn)} row ${index}, covers ${formatLsn(covered)})`;
}
