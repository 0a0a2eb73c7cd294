import type { RelayView } from "../relay-view.ts";
import type { Check } from "./checks.ts";

/** How long the pipeline may stand still with work in front of it and both sides well. */
const STUCK_MS = 5 * 60_000;
/** Between two looks no more than this counts, so that a process that was frozen is not taken for one that is stuck. */
const STEP_MS_MAX = 30_000;

/** What moves while the relay gets on, and whether it should move. */
export interface PipelineSight {
  /** Something is there to do, and nothing that is known stands in the way. */
  readonly hasWork: boolean;
  /** Different after every step forward. */
  readonly progress: string;
}

/**
 * Tells a process that should be restarted from one whose surroundings are at fault. Two signs: its event loop has not
 * turned for `loopMs`; or there was work, Postgres and Kafka answered, the state was `streaming` without a reason, and
 * nothing moved for five minutes. Kafka, Postgres or a slot that are away never count.
 */
export class Watchdog {
  readonly #loopMs: number;
  readonly #see: () => PipelineSight;
  #lastTurnMs: number;
  #stuckMs = 0;
  #progress = "";

  constructor(loopMs: number, see: () => PipelineSight, nowMs: number) {
    this.#loopMs = loopMs;
    this.#see = see;
    this.#lastTurnMs = nowMs;
  }

  /** To be called by a timer, every few seconds. */
  turn(nowMs: number): void {
    const stepMs = Math.min(nowMs - this.#lastTurnMs, STEP_MS_MAX);
    this.#lastTurnMs = nowMs;
    const { hasWork, progress } = this.#see();
    const isStuck = hasWork && progress === this.#progress;
    this.#stuckMs = isStuck ? this.#stuckMs + stepMs : 0;
    this.#progress = progress;
  }

  checks(nowMs: number): readonly Check[] {
    const silentMs = nowMs - this.#lastTurnMs;
    const seconds = Math.round(silentMs / 1_000);
    return [
      {
        name: "loop",
        problem: silentMs > this.#loopMs ? `no turn of the event loop for ${seconds} s` : null,
      },
      {
        name: "pipeline",
        problem:
          this.#stuckMs >= STUCK_MS
            ? `work, Postgres and Kafka are there, and nothing moved for ${Math.round(this.#stuckMs / 1_000)} s`
            : null,
      },
    ];
  }
}

/**
 * Of a relay: batches that wait or are in flight must settle. While there are none, and WAL was written that has not come in, Postgres
 * must be heard of: decoding a huge transaction of other tables sends nothing but keepalives, for as long as it takes.
 */
export function pipelineSight(view: RelayView): PipelineSight {
  const { session, state } = view.relay;
  const isWell = state.name === "streaming" && state.reason === null;
  const areThere = view.slots.isReachable === true && view.kafka.reachable;
  const positions = view.positions;
  if (session === null || positions === null || !isWell || !areThere) {
    return { hasWork: false, progress: "" };
  }
  const { commitLsn, index, keepaliveLsn } = session.backlog.settled;
  if (session.backlog.hasRecords) {
    return { hasWork: true, progress: `settled ${commitLsn} ${index} ${keepaliveLsn}` };
  }
  const { server_end: end, received } = positions;
  const { bytes, keepalives } = view.tally;
  return {
    hasWork: end > received && session.hearsKeepalives,
    progress: `received ${bytes} ${keepalives}`,
  };
}
