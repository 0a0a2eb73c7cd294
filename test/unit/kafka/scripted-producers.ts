import { Cluster } from "../../../src/kafka/cluster.ts";
import type { PartitionShare } from "../../../src/kafka/partition-share.ts";
import { ProduceRound } from "../../../src/kafka/produce-round.ts";
import { Throttles } from "../../../src/kafka/throttles.ts";
import { TransactionalId } from "../../../src/kafka/transactional-id.ts";
import type {
  ProducerParts,
  TransactionProtocol,
} from "../../../src/kafka/transactional-producer.ts";
import { TransactionalProducer } from "../../../src/kafka/transactional-producer.ts";
import { RecordBatchEncoder } from "../../../src/kafka/wire/record-batch.ts";
import type { Clock } from "../../../src/relay/clock.ts";
import type { Moment } from "../../../src/relay/observer.ts";
import { SILENT_SINK_OBSERVER } from "../../../src/relay/observer.ts";
import { packRecord } from "../../../src/relay/record/pack-record.ts";
import type { ScriptedBrokers, SentRequest } from "./scripted-brokers.ts";
import { produced, sentPartitions } from "./scripted-brokers.ts";

/** Time passes at once: what waits goes on in the next turn. */
export const instantClock: Clock = {
  monotonicMs: () => 0,
  wallMs: () => 0,
  after(_, callback) {
    const timer = setImmediate(callback);
    return () => clearImmediate(timer);
  },
  random: () => 0.5,
};

export const NOBODY = (): void => undefined;

export function share(partition: number, count = 1): PartitionShare {
  const parts = { topic: "t", key: Buffer.from("k"), value: null, headers: [], timestampMs: 1 };
  const one = packRecord(parts);
  return { topic: "t", partition, records: Array.from({ length: count }, () => one) };
}

/** What a producer needs, in front of brokers that a test answers for. */
export async function scriptedParts(
  brokers: ScriptedBrokers,
  moment: (name: Moment) => void = NOBODY,
): Promise<ProducerParts & { readonly cluster: Cluster }> {
  const clock = instantClock;
  const cluster = new Cluster(brokers, clock, 1_000);
  await cluster.refresh(["t"]);
  const observer = SILENT_SINK_OBSERVER;
  const { signal } = new AbortController();
  const parts = { channel: brokers, cluster, clock, moment, observer, signal };
  const produce = { ...parts, requestTimeoutMs: 1_000 };
  const round = new ProduceRound({
    ...produce,
    encoder: new RecordBatchEncoder(),
    throttles: new Throttles(clock),
  });
  return { ...produce, round };
}

export interface ProducerPlan {
  readonly protocol: TransactionProtocol;
  readonly ids: number;
  readonly overlaps?: boolean;
}

export async function scriptedProducer(
  brokers: ScriptedBrokers,
  { protocol, ids, overlaps = false }: ProducerPlan,
  moment?: (name: Moment) => void,
): Promise<TransactionalProducer> {
  const taken = Array.from({ length: ids }, (_, i) => {
    return new TransactionalId(`id-${i}`, 1, { producerId: 100n + BigInt(i), epoch: 0 });
  });
  const parts = await scriptedParts(brokers, moment);
  return new TransactionalProducer(parts, protocol, taken, overlaps);
}

export function acknowledge(request: SentRequest): void {
  request.answer(produced(sentPartitions(request)));
}

/** How it ended, and what it rejected with, looked at without waiting. */
export function watch(publish: Promise<void>): { state: string; message: string } {
  const seen = { state: "open", message: "" };
  publish.then(
    () => void (seen.state = "durable"),
    (error: { remedy?: string; message: string }) => {
      seen.state = error.remedy ?? "bug";
      seen.message = error.message;
    },
  );
  return seen;
}
