import type {
  BrokerChannel,
  BrokerId,
  BrokerRequest,
  Lane,
} from "../../../src/kafka/broker-channel.ts";
import { ByteReader } from "../../../src/kafka/wire/byte-reader.ts";
import { ByteWriter } from "../../../src/kafka/wire/byte-writer.ts";
import { RelayError } from "../../../src/relay/errors.ts";

const API = { 0: "Produce", 3: "Metadata", 24: "AddPartitionsToTxn", 26: "EndTxn" } as const;
export type ApiName = (typeof API)[keyof typeof API];

export interface SentPartition {
  readonly topic: string;
  readonly partition: number;
  readonly sequence: number;
  readonly epoch: number;
  readonly producerId: bigint;
}

/** A request that waits for the test to answer it. */
export interface SentRequest {
  readonly api: ApiName;
  readonly apiVersion: number;
  readonly broker: BrokerId;
  readonly lane: Lane;
  readonly payload: Buffer;
  answer(response: Buffer): void;
  /** No answer came: nobody knows what the broker did. */
  lose(): void;
}

/** A BrokerChannel whose answers the test gives one by one. Partition p of every topic is led by broker p + 1. */
export class ScriptedBrokers implements BrokerChannel {
  readonly isReachable = true;
  readonly connectedBrokers = 1;
  /** Every request in the order it was sent, answered or not; Metadata is left out and answered at once. */
  readonly sent: SentRequest[] = [];
  readonly #partitions: number;
  readonly #taken = new Set<SentRequest>();
  #wake: () => void = () => undefined;

  constructor(partitions: number) {
    this.#partitions = partitions;
  }

  request(
    broker: BrokerId,
    lane: Lane,
    { apiKey, apiVersion, payload }: BrokerRequest,
    sent: () => void = () => undefined,
  ): Promise<Buffer> {
    const api = API[apiKey as keyof typeof API];
    if (api === "Metadata") return Promise.resolve(this.#metadata(payload));
    return new Promise((answer, reject) => {
      const lose = (): void => reject(lost());
      this.sent.push({ api, apiVersion, broker, lane, payload, answer, lose });
      sent();
      this.#wake();
    });
  }

  setBrokers(): void {
    // Their addresses do not matter here.
  }

  close(): void {
    for (const request of this.sent) request.lose();
  }

  /** The oldest request of this kind that was not handed out yet, once there is one. */
  async next(api: ApiName): Promise<SentRequest> {
    for (;;) {
      const request = this.#waiting.find((one) => one.api === api);
      if (request !== undefined) {
        this.#taken.add(request);
        return request;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Requests sent and not handed out yet, once everything that can happen without an answer has happened. */
  async idle(): Promise<ApiName[]> {
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    return this.#waiting.map(({ api }) => api);
  }

  get #waiting(): SentRequest[] {
    return this.sent.filter((request) => !this.#taken.has(request));
  }

  #metadata(payload: Buffer): Buffer {
    const topics = new ByteReader(payload);
    const names = topics.array(() => topics.string() ?? "");
    const ids = Array.from({ length: this.#partitions }, (_, i) => i);
    const writer = new ByteWriter().int32(0);
    writer.array(ids, (id) =>
      writer
        .int32(id + 1)
        .string("broker")
        .int32(9092)
        .string(null),
    );
    writer.string("cluster").int32(1);
    writer.array(names, (name) => {
      writer.int16(0).string(name).boolean(false);
      writer.array(ids, (id) => {
        writer
          .int16(0)
          .int32(id)
          .int32(id + 1)
          .int32(0);
        for (let list = 0; list < 3; list++) writer.array([], () => undefined);
      });
      writer.int32(0);
    });
    return writer.int32(0).done();
  }
}

/** What a Produce request holds. */
export function sentPartitions({ payload }: SentRequest): SentPartition[] {
  const reader = new ByteReader(payload);
  reader.tags();
  reader.compactString();
  reader.int16();
  reader.int32();
  return reader
    .compactArray(() => {
      const topic = reader.compactString() ?? "";
      const partitions = reader.compactArray(() => {
        const partition = reader.int32();
        const batch = reader.bytes(reader.uvarint() - 1) ?? Buffer.alloc(0);
        reader.tags();
        const producerId = batch.readBigInt64BE(43);
        return {
          topic,
          partition,
          producerId,
          epoch: batch.readInt16BE(51),
          sequence: batch.readInt32BE(53),
        };
      });
      reader.tags();
      return partitions;
    })
    .flat();
}

/** Answers a Produce with one error code for each partition; 0 unless given for `topic-partition`. */
export function produced(
  partitions: readonly SentPartition[],
  errors: Readonly<Record<string, number>> = {},
  throttleMs = 0,
): Buffer {
  const writer = new ByteWriter().tags();
  writer.compactArray(partitions, ({ topic, partition }) => {
    writer.compactString(topic).compactArray([partition], (one) => {
      writer.int32(one).int16(errors[`${topic}-${one}`] ?? 0);
      writer
        .int64(0n)
        .int64(-1n)
        .int64(0n)
        .compactArray([], () => undefined);
      writer.compactString(null).tags();
    });
    writer.tags();
  });
  return writer.int32(throttleMs).tags().done();
}

export function endedV5(error: number, producerId: bigint, epoch: number): Buffer {
  return new ByteWriter().tags().int32(0).int16(error).int64(producerId).int16(epoch).tags().done();
}

export function endedV2(error: number): Buffer {
  return new ByteWriter().int32(0).int16(error).done();
}

/** Answers with an error for each partition, from 0. */
export function partitionsAdded(topic: string, errors: readonly number[]): Buffer {
  const writer = new ByteWriter().int32(0);
  writer.array([topic], (name) => {
    writer.string(name);
    writer.array([...errors.entries()], ([partition, error]) =>
      writer.int32(partition).int16(error),
    );
  });
  return writer.done();
}

function lost(): RelayError {
  const details = { code: "KAFKA_UNREACHABLE", remedy: "retry", hint: "wait" } as const;
  return new RelayError("the connection was cut", details);
}
