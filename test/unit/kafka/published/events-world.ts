import { expect } from "@jest/globals";
import type {
  BrokerChannel,
  BrokerId,
  BrokerRequest,
} from "../../../../src/kafka/broker-channel.ts";
import { KafkaPublishedEvents } from "../../../../src/kafka/kafka-published-events.ts";
import { systemClock } from "../../../../src/ops/system-clock.ts";
import type { PublishedEvent } from "../../../../src/relay/backfill/published-events.ts";
import type { RelayError } from "../../../../src/relay/errors.ts";
import type { Lsn } from "../../../../src/relay/lsn.ts";
import { formatPosition } from "../../../../src/relay/position.ts";
import { InstantChannel } from "../../../support/brokers/instant-channel.ts";
import { ModelCluster } from "../../../support/brokers/model-cluster.ts";
import type { PartitionLog } from "../../../support/brokers/partition-log.ts";
import type { WrittenRecord } from "./log-writer.ts";
import { LogWriter } from "./log-writer.ts";

export const GO_ON = new AbortController().signal;
export const API = { fetch: 1, describeConfigs: 32 } as const;
export const START_MS = 1_800_000_000_000;

/** Answers a request instead of the model; null lets the model do it. */
export type Intercept = (request: BrokerRequest, broker: BrokerId) => Buffer | RelayError | null;

export interface Seen {
  readonly ids: readonly string[];
  readonly events: readonly PublishedEvent[];
  readonly cutShort: readonly string[];
}

/** A model cluster of three brokers, somebody who writes to it, and what reads it. */
export class EventsWorld {
  readonly cluster: ModelCluster;
  /** Called with each request before the model is. */
  intercept: Intercept = () => null;
  signal = GO_ON;
  undecidedMsMax = 100;
  /** How many requests were under way at once. */
  requestsAtOnceMax = 0;

  constructor() {
    const random = (): number => Math.random();
    const options = { brokers: 3, transactionVersion: 2, random, markerDelayMsMax: 0 } as const;
    this.cluster = new ModelCluster(options, systemClock);
  }

  topic(name: string, partitions = 1): { logs: PartitionLog[]; writers: LogWriter[] } {
    const { logs } = this.cluster.createTopic(name, partitions);
    return { logs, writers: logs.map((log) => new LogWriter(log)) };
  }

  /** The only partition of a new topic, led by broker 1. */
  partition(name: string): { log: PartitionLog; writer: LogWriter } {
    const { logs, writers } = this.topic(name);
    return { log: logs[0] as PartitionLog, writer: writers[0] as LogWriter };
  }

  async since(topics: readonly string[], sinceMs: number): Promise<Seen> {
    return this.#see((found) => this.#reader().since(topics, sinceMs, found, this.signal));
  }

  async after(pattern: RegExp, position: string): Promise<Seen> {
    return this.#see((found) => this.#reader().after(pattern, position, found, this.signal));
  }

  async #see(
    read: (found: (event: PublishedEvent) => void) => ReturnType<KafkaPublishedEvents["since"]>,
  ): Promise<Seen> {
    const events: PublishedEvent[] = [];
    const { records, cutShort } = await read((event) => events.push(event));
    expect(records).toBe(events.length);
    return { ids: events.map(({ id }) => id), events, cutShort };
  }

  #reader(): KafkaPublishedEvents {
    const options = { requestTimeoutMs: 300, undecidedMsMax: this.undecidedMsMax };
    return new KafkaPublishedEvents(this.#channel(), systemClock, options);
  }

  #channel(): BrokerChannel {
    const channel = new InstantChannel(this.cluster, systemClock);
    let underWay = 0;
    return {
      isReachable: true,
      connectedBrokers: 1,
      setBrokers: () => undefined,
      close: () => undefined,
      request: async (broker, lane, request) => {
        underWay += 1;
        this.requestsAtOnceMax = Math.max(this.requestsAtOnceMax, underWay);
        try {
          const instead = this.intercept(request, broker);
          if (instead instanceof Error) throw instead;
          return instead ?? (await channel.request(broker, lane, request));
        } finally {
          underWay -= 1;
        }
      },
    };
  }
}

/** What a Fetch asks for. */
export function fetchedOffset({ payload }: BrokerRequest): number {
  return Number(payload.readBigInt64BE(payload.length - 26));
}

/** The nth event: its position and its time grow with the number. */
export function event(number: number, over: Partial<WrittenRecord> = {}): WrittenRecord {
  return { id: `e${number}`, position: at(number), timestampMs: START_MS + number, ...over };
}

export function events(
  from: number,
  to: number,
  over: Partial<WrittenRecord> = {},
): WrittenRecord[] {
  return Array.from({ length: to - from + 1 }, (_, i) => event(from + i, over));
}

export function ids(from: number, to: number): string[] {
  return events(from, to).map(({ id }) => String(id));
}

export function at(number: number, timeline = 1): string {
  return formatPosition({ timeline, commitLsn: BigInt(number) as Lsn, index: 1 });
}
