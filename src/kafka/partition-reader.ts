import type { Clock } from "../relay/clock.ts";
import { pause } from "../relay/clock.ts";
import type { RelayError } from "../relay/errors.ts";
import type { FetchedPartition } from "./api/fetch.ts";
import { fetchRequest, readFetch } from "./api/fetch.ts";
import type { OffsetQuery } from "./api/list-offsets.ts";
import { listOffsetsRequest, readOffset } from "./api/list-offsets.ts";
import { askAgain } from "./ask-again.ts";
import type { BrokerRequest } from "./broker-channel.ts";
import type { Cluster } from "./cluster.ts";
import { ERROR } from "./error-code.ts";
import { kafkaError } from "./kafka-error.ts";
import { LONG, Patience } from "./patience.ts";
import { throttled } from "./throttles.ts";

/** How long one question is asked again, ms. */
export interface ReadingPatience {
  /** While the leader gives nothing because a quota is used up. */
  readonly throttledMs: number;
  /** While the leader does not answer; it is looked for elsewhere, too. */
  readonly unreachableMs: number;
}

/** Asks the leader of one partition, wherever it is. Rejects with RelayError. */
export class PartitionReader {
  readonly topic: string;
  readonly partition: number;
  readonly #cluster: Cluster;
  readonly #clock: Clock;
  readonly #patience: ReadingPatience;

  constructor(
    cluster: Cluster,
    clock: Clock,
    { topic, partition }: { readonly topic: string; readonly partition: number },
    patience: ReadingPatience = { throttledMs: 0, unreachableMs: 0 },
  ) {
    this.#cluster = cluster;
    this.#clock = clock;
    this.topic = topic;
    this.partition = partition;
    this.#patience = patience;
  }

  /** -1 where there is no record at or after the time that was asked for. */
  async offset(query: OffsetQuery, signal: AbortSignal): Promise<bigint> {
    const request = listOffsetsRequest(this.topic, this.partition, query);
    const { error, offset } = await this.#ask(request, readOffset, signal);
    if (error !== ERROR.none) throw kafkaError(`ListOffsets of ${this.topic}`, error, "retry");
    return offset;
  }

  /**
   * The high watermark of this moment, once the last stable offset has reached it: no transaction before it is open.
   * Rejects with `undecided` when that takes longer than `withinMs`.
   */
  async stableEnd(
    withinMs: number,
    undecided: () => RelayError,
    signal: AbortSignal,
  ): Promise<bigint> {
    const end = await this.offset("high-watermark", signal);
    const patience = new Patience(this.#clock, withinMs, signal);
    while ((await this.offset("last-stable", signal)) < end) {
      await patience.again(undecided);
    }
    return end;
  }

  /** Null when the log does not reach there: retention removed it, or the log is shorter. */
  async fetch(offset: bigint, signal: AbortSignal): Promise<FetchedPartition | null> {
    const request = fetchRequest(this.topic, this.partition, offset);
    const fetched = await this.#unthrottled(request, signal);
    if (fetched.error === ERROR.offsetOutOfRange) return null;
    if (fetched.error !== ERROR.none)
      throw kafkaError(`Fetch of ${this.topic}`, fetched.error, "retry");
    return fetched;
  }

  /** While a quota is used up an answer holds nothing, which says nothing about the log. */
  async #unthrottled(request: BrokerRequest, signal: AbortSignal): Promise<FetchedPartition> {
    const { throttledMs } = this.#patience;
    const patience = new Patience(this.#clock, throttledMs, signal, LONG);
    for (;;) {
      const fetched = await this.#ask(request, readFetch, signal);
      const { throttleMs } = fetched;
      if (throttleMs === 0) return fetched;
      await pause(this.#clock, Math.min(throttleMs, throttledMs), signal);
      const leader = this.#cluster.leader(this.topic, this.partition);
      await patience.again(() => throttled(leader, `Fetch of ${this.topic}`, throttleMs));
    }
  }

  async #ask<T>(
    request: BrokerRequest,
    read: (response: Buffer) => T & { readonly error: number },
    signal: AbortSignal,
  ): Promise<T & { readonly error: number }> {
    let isAgain = false;
    return askAgain(this.#clock, this.#patience.unreachableMs, signal, () => {
      // Another broker may lead by now.
      if (isAgain) this.#cluster.forget(this.topic);
      isAgain = true;
      return this.#cluster.askLeader(this, request, read, signal);
    });
  }
}
