import type { BrokerRequest } from "../../../src/kafka/broker-channel.ts";
import { KafkaSink } from "../../../src/kafka/kafka-sink.ts";
import type { KafkaSinkOptions } from "../../../src/kafka/kafka-sink-options.ts";
import { systemClock } from "../../../src/ops/system-clock.ts";
import type { Clock } from "../../../src/relay/clock.ts";
import { RelayError } from "../../../src/relay/errors.ts";
import type { OutboundRecord } from "../../../src/relay/record/outbound-record.ts";
import { packRecord } from "../../../src/relay/record/pack-record.ts";
import { InstantChannel } from "../../support/brokers/instant-channel.ts";
import { ModelCluster } from "../../support/brokers/model-cluster.ts";
import { MODEL_SINK_OPTIONS } from "../../support/brokers/sink-options.ts";

export const GO_ON = new AbortController().signal;

/** The system's clock, moved ahead by a test. */
export class ShiftedClock implements Clock {
  shiftMs = 0;

  monotonicMs(): number {
    return systemClock.monotonicMs() + this.shiftMs;
  }

  wallMs(): number {
    return systemClock.wallMs() + this.shiftMs;
  }

  after(ms: number, callback: () => void): () => void {
    return systemClock.after(ms, callback);
  }

  random(): number {
    return systemClock.random();
  }
}

/** A model cluster with a sink in front of it, driven as the publisher drives one: learn, refuse, publish, open again. */
export class RefusingBrokers {
  readonly clock = new ShiftedClock();
  readonly cluster: ModelCluster;
  readonly sent: BrokerRequest[] = [];
  /** Whether the broker closes the connection on a request in place of an answer. */
  hangsUp: (request: BrokerRequest) => boolean = () => false;
  /** What becomes of an answer on its way. */
  edit: (request: BrokerRequest, answer: Buffer) => Buffer = (_, answer) => answer;
  readonly sink: KafkaSink;

  constructor(options: Partial<KafkaSinkOptions> = {}) {
    const random = (): number => Math.random();
    const brokers = { brokers: 1, transactionVersion: 2, random, markerDelayMsMax: 0 } as const;
    this.cluster = new ModelCluster(brokers, this.clock);
    this.cluster.createTopic(MODEL_SINK_OPTIONS.checkpointTopic, 1);
    const { sent } = this;
    const hangsUp = (request: BrokerRequest): boolean => this.hangsUp(request);
    const edited = (request: BrokerRequest, answer: Buffer): Buffer => this.edit(request, answer);
    class WatchedChannel extends InstantChannel {
      override async request(...asked: Parameters<InstantChannel["request"]>): Promise<Buffer> {
        const [, , request, tellSent] = asked;
        sent.push(request);
        if (!hangsUp(request)) return edited(request, await super.request(...asked));
        tellSent?.();
        throw closed();
      }
    }
    this.sink = new KafkaSink(
      { ...MODEL_SINK_OPTIONS, ...options },
      { channel: new WatchedChannel(this.cluster, this.clock) },
      this.clock,
      () => undefined,
    );
  }

  /** What the rows are refused with before they are sent or after; null once all are durable. */
  async attempt(records: readonly OutboundRecord[]): Promise<RelayError | null> {
    await this.sink.open(GO_ON);
    await this.sink.learn([...new Set(records.map(({ topic }) => topic))], false, GO_ON);
    const refused = records.map((record) => this.sink.refuse(record)).find((one) => one !== null);
    if (refused !== undefined) return refused;
    try {
      await this.sink.publish({ records, checkpoint: Buffer.from("{}") });
      return null;
    } catch (error) {
      if (error instanceof RelayError) return error;
      throw error;
    }
  }

  /** Tries again until the answer is not to try again, ten times at most. */
  async settle(records: readonly OutboundRecord[]): Promise<RelayError | null> {
    for (let attempts = 0; attempts < 10; attempts++) {
      const problem = await this.attempt(records);
      if (problem === null || problem.remedy === "halt") return problem;
    }
    throw new Error("it goes on for ever");
  }
}

function closed(): RelayError {
  const details = { code: "KAFKA_UNREACHABLE", remedy: "retry", hint: "wait" } as const;
  return new RelayError("the connection was closed", details);
}

export function row(topic: string, id: string, bytes = 10): OutboundRecord {
  const header = (name: string, value: string) => ({
    name: Buffer.from(name),
    value: Buffer.from(value),
  });
  return packRecord({
    topic,
    key: Buffer.from("k"),
    value: Buffer.alloc(bytes, "x"),
    headers: [header("id", id), header("position", `p-${id}`)],
    timestampMs: 1,
  });
}
