import type { StreamTally } from "../relay/capture/stream-tally.ts";
import type { Lsn } from "../relay/lsn.ts";
import { formatLsn, maxLsn } from "../relay/lsn.ts";
import type { Relay } from "../relay/relay.ts";
import type { SlotMonitor } from "./slot-monitor.ts";
import type { SlotSight } from "./slot-sight.ts";
import { slotStatus } from "./slot-status.ts";

export interface KafkaStatus {
  readonly reachable: boolean;
  /** In the cluster, as last seen. */
  readonly brokers: number;
  /** Of them with an open connection. */
  readonly connected: number;
}

type Point = "received" | "delivered" | "confirmed";

export interface Lag {
  readonly seconds: number;
  readonly bytes: number;
}

/** What HTTP and metrics show: one place that puts the relay, the slot and Kafka together. */
export class RelayView {
  readonly #relay: Relay;
  readonly #slots: SlotMonitor;
  readonly #kafka: () => KafkaStatus;
  readonly #tally: StreamTally;
  readonly #identity: { readonly instance: string; readonly version: string };
  publishedEvents = 0;

  constructor(
    relay: Relay,
    slots: SlotMonitor,
    kafka: () => KafkaStatus,
    tally: StreamTally,
    identity: { readonly instance: string; readonly version: string },
  ) {
    this.#relay = relay;
    this.#slots = slots;
    this.#kafka = kafka;
    this.#tally = tally;
    this.#identity = identity;
  }

  get relay(): Relay {
    return this.#relay;
  }

  get identity(): { readonly instance: string; readonly version: string } {
    return this.#identity;
  }

  get slots(): SlotMonitor {
    return this.#slots;
  }

  /** What came over the stream since the start. */
  get tally(): Pick<StreamTally, "bytes" | "keepalives"> {
    return this.#tally;
  }

  get kafka(): KafkaStatus {
    return this.#kafka();
  }

  /** Null while this relay does not hold the slot. */
  get positions(): Readonly<Record<"server_end" | Point, Lsn>> | null {
    const { session } = this.#relay;
    if (session === null) return null;
    const received = session.ladder.at("received");
    return {
      server_end: maxLsn(this.slot?.facts.walEnd ?? received, received),
      received,
      delivered: session.ladder.at("published"),
      confirmed: session.ladder.at("confirmed"),
    };
  }

  get slot(): SlotSight | null {
    return this.#slots.sight;
  }

  /** Null while another relay, or none, holds the slot: a standby has no lag of its own. */
  lag(nowMs: number): Lag | null {
    const { session } = this.#relay;
    if (session === null) return null;
    const oldestMs = session.backlog.oldestCommitMs;
    const published = session.ladder.at("published");
    const serverEnd = maxLsn(this.slot?.facts.walEnd ?? published, session.ladder.at("received"));
    return {
      seconds: oldestMs === null ? 0 : Math.max(0, (nowMs - oldestMs) / 1000),
      bytes: Math.max(0, Number(serverEnd - published)),
    };
  }

  /** The body of `/status`. */
  status(nowMs: number): Record<string, unknown> {
    const { state, session } = this.#relay;
    const checkpoint = session?.lastCheckpoint ?? null;
    return {
      state: state.name,
      code: state.reason?.code ?? null,
      message: state.reason?.message ?? null,
      hint: state.reason?.hint ?? null,
      attempt: attemptStatus(this.#relay.attempt),
      since: new Date(state.sinceMs).toISOString(),
      ...this.#identity,
      slot: slotStatus(this.#slots.name, this.slot),
      position: session === null ? null : positionStatus(session.timeline, session.backlog.settled),
      checkpoint:
        checkpoint === null
          ? null
          : {
              commit: formatLsn(checkpoint.commitLsn),
              index: checkpoint.index,
              end: checkpoint.endLsn === null ? null : formatLsn(checkpoint.endLsn),
              keepalive: formatLsn(checkpoint.keepaliveLsn),
            },
      lag: this.lag(nowMs),
      kafka: this.#kafka(),
      events: { published: this.publishedEvents, deadLettered: 0 },
    };
  }
}

/** What goes on while a halt of an earlier attempt is on show. */
function attemptStatus(attempt: Relay["attempt"]): Record<string, unknown> | null {
  if (attempt === null) return null;
  const { name, reason } = attempt;
  return { state: name, code: reason?.code ?? null, message: reason?.message ?? null };
}

function positionStatus(
  timeline: number,
  settled: { readonly commitLsn: Lsn; readonly index: number },
): Record<string, unknown> {
  return { timeline, commitLsn: formatLsn(settled.commitLsn), index: settled.index };
}
