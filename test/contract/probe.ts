import { addPartitionsRequest, readAddPartitions } from "../../src/kafka/api/add-partitions.ts";
import { readEndTxnV2, readEndTxnV5 } from "../../src/kafka/api/end-txn.ts";
import type { FetchedPartition } from "../../src/kafka/api/fetch.ts";
import { fetchRequest, readFetch } from "../../src/kafka/api/fetch.ts";
import { findCoordinatorRequest, readCoordinator } from "../../src/kafka/api/find-coordinator.ts";
import type { ProducerIdentity } from "../../src/kafka/api/init-producer-id.ts";
import { initProducerIdRequest, readProducerId } from "../../src/kafka/api/init-producer-id.ts";
import type { OffsetQuery } from "../../src/kafka/api/list-offsets.ts";
import { listOffsetsRequest, readOffset } from "../../src/kafka/api/list-offsets.ts";
import { allTopicsRequest, metadataRequest, readMetadata } from "../../src/kafka/api/metadata.ts";
import { produceRequest, readProduce, requestBytesMax } from "../../src/kafka/api/produce.ts";
import type { BrokerChannel, BrokerRequest } from "../../src/kafka/broker-channel.ts";
import { ERROR } from "../../src/kafka/error-code.ts";
import { ByteWriter } from "../../src/kafka/wire/byte-writer.ts";
import { RecordBatchEncoder } from "../../src/kafka/wire/record-batch.ts";
import { readRecords } from "../../src/kafka/wire/record-batch-reader.ts";
import { packRecord } from "../../src/relay/record/pack-record.ts";
import { until } from "../support/until.ts";

const DEADLINE_MS = 20_000;
const TIMEOUT_MS = 60_000;

export interface ProduceSettings {
  readonly partition?: number;
  readonly sequence?: number;
  readonly transactionalId?: string;
  readonly apiVersion?: 11 | 12;
  /** One for each text; now unless given. */
  readonly timesMs?: readonly number[];
}

/** Asks brokers in the protocol's own terms and gives back error codes as they come. */
export class Probe {
  readonly #channel: BrokerChannel;
  readonly topic: string;
  readonly #encoder = new RecordBatchEncoder();

  constructor(channel: BrokerChannel, topic: string) {
    this.#channel = channel;
    this.topic = topic;
  }

  /** Learns the brokers, and waits until the topic can be written. */
  async ready(): Promise<void> {
    await until(
      async () => {
        const [topic] = (await this.metadata([this.topic])).topics;
        const leaders = topic?.partitions.map(({ leader }) => leader) ?? [];
        return leaders.length > 0 && leaders.every((leader) => leader >= 0);
      },
      DEADLINE_MS,
      "leaders",
    );
  }

  async metadata(topics: readonly string[]): Promise<ReturnType<typeof readMetadata>> {
    const metadata = readMetadata(await this.#any(metadataRequest(topics)));
    this.#channel.setBrokers(metadata.brokers);
    return metadata;
  }

  /** The first answer that does not say that the predecessor's transaction is still being ended. */
  async init(
    transactionalId: string | null,
    timeoutMs = TIMEOUT_MS,
  ): Promise<ProducerIdentity & { error: number }> {
    let answer = await this.initOnce(transactionalId, timeoutMs);
    const isDone = async (): Promise<boolean> => {
      const isBusy = [
        ERROR.concurrentTransactions,
        ERROR.notCoordinator,
        ERROR.coordinatorNotAvailable,
        ERROR.coordinatorLoadInProgress,
      ] as number[];
      if (!isBusy.includes(answer.error)) return true;
      answer = await this.initOnce(transactionalId, timeoutMs);
      return false;
    };
    await until(isDone, DEADLINE_MS, "InitProducerId");
    return answer;
  }

  async initOnce(
    transactionalId: string | null,
    timeoutMs = TIMEOUT_MS,
  ): Promise<ProducerIdentity & { error: number }> {
    const request = initProducerIdRequest(transactionalId, timeoutMs);
    if (transactionalId === null) return readProducerId(await this.#any(request));
    return readProducerId(await this.#coordinator(transactionalId, request));
  }

  /** Error codes in the order of the partitions; -1 stands for a topic that does not exist. */
  async add(
    transactionalId: string,
    identity: ProducerIdentity,
    partitions: readonly number[],
  ): Promise<number[]> {
    const known = partitions.filter((partition) => partition >= 0);
    const topics = new Map([[this.topic, known]]);
    if (known.length < partitions.length) topics.set(`${this.topic}-missing`, [0]);
    const request = addPartitionsRequest(transactionalId, identity, topics);
    const answer = await this.#coordinator(transactionalId, request);
    return readAddPartitions(answer).map(({ error }) => error);
  }

  /** `add` once the id's former transaction has its markers. */
  async addWhenFree(
    transactionalId: string,
    identity: ProducerIdentity,
    partitions: readonly number[],
  ): Promise<number> {
    let error = -1;
    const isFree = async (): Promise<boolean> => {
      [error = -1] = await this.add(transactionalId, identity, partitions);
      return error !== ERROR.concurrentTransactions;
    };
    await until(isFree, DEADLINE_MS, "the markers");
    return error;
  }

  /** One batch; a record for each text. */
  async produce(
    identity: ProducerIdentity,
    texts: readonly string[],
    settings: ProduceSettings = {},
  ): Promise<number> {
    const { partition = 0, sequence = 0, transactionalId = null, apiVersion = 11 } = settings;
    const records = texts.map((text, index) =>
      packRecord({
        topic: this.topic,
        key: Buffer.from("k"),
        value: Buffer.from(text),
        headers: [],
        timestampMs: settings.timesMs?.[index] ?? Date.now(),
      }),
    );
    const batches = [{ topic: this.topic, partition, records, sequence }];
    const options = { apiVersion, transactionalId, identity, timeoutMs: 10_000 };
    const memory = Buffer.alloc(requestBytesMax(batches));
    const request = produceRequest(this.#encoder, batches, options, memory);
    const answer = readProduce(await this.#leader(partition, request));
    return answer.partitions[0]?.error ?? -1;
  }

  /** A transaction of the older protocol with one record, open. Throws when the broker does not take it. */
  async openV1(
    transactionalId: string,
    identity: ProducerIdentity,
    text: string,
    sequence = 0,
  ): Promise<void> {
    const added = await this.addWhenFree(transactionalId, identity, [0]);
    const produced = await this.produce(identity, [text], { transactionalId, sequence });
    if (added !== 0 || produced !== 0)
      throw new Error(`not taken: errors ${added} and ${produced}`);
  }

  /** Produce of the newer protocol, again while the former transaction is being ended. */
  async produceV2(
    transactionalId: string,
    identity: ProducerIdentity,
    text: string,
    partition = 0,
  ): Promise<number> {
    let error = -1;
    const settings = { partition, transactionalId, apiVersion: 12 } as const;
    const isFree = async (): Promise<boolean> => {
      error = await this.produce(identity, [text], settings);
      return error !== ERROR.concurrentTransactions;
    };
    await until(isFree, DEADLINE_MS, "the markers");
    return error;
  }

  /** EndTxn of the older protocol, again while markers are being written when `isPatient`. */
  async endV1(
    transactionalId: string,
    identity: ProducerIdentity,
    isCommit = true,
  ): Promise<number> {
    const { producerId, epoch } = identity;
    const payload = new ByteWriter()
      .string(transactionalId)
      .int64(producerId)
      .int16(epoch)
      .boolean(isCommit)
      .done();
    return this.#patient(async () =>
      readEndTxnV2(
        await this.#coordinator(transactionalId, { apiKey: 26, apiVersion: 2, payload }),
      ),
    );
  }

  async endV2(
    transactionalId: string,
    identity: ProducerIdentity,
    isCommit = true,
  ): Promise<ProducerIdentity & { error: number }> {
    const { producerId, epoch } = identity;
    const payload = new ByteWriter()
      .tags()
      .compactString(transactionalId)
      .int64(producerId)
      .int16(epoch)
      .boolean(isCommit)
      .tags()
      .done();
    let answer = { error: -1, producerId: -1n, epoch: -1 };
    await this.#patient(async () => {
      answer = readEndTxnV5(
        await this.#coordinator(transactionalId, { apiKey: 26, apiVersion: 5, payload }),
      );
      return answer.error;
    });
    return answer;
  }

  async offset(query: OffsetQuery, partition = 0): Promise<number> {
    const request = listOffsetsRequest(this.topic, partition, query);
    return Number(readOffset(await this.#leader(partition, request)).offset);
  }

  /** Removes what is before the offset. */
  async deleteRecords(offset: number, partition = 0): Promise<void> {
    const writer = new ByteWriter();
    writer.array([this.topic], (topic) => {
      writer.string(topic).array([partition], (one) => writer.int32(one).int64(BigInt(offset)));
    });
    const payload = writer.int32(DEADLINE_MS).done();
    await this.#leader(partition, { apiKey: 21, apiVersion: 1, payload });
  }

  /** Names of all topics of the cluster that are not Kafka's own. */
  async topics(): Promise<string[]> {
    const { topics } = readMetadata(await this.#any(allTopicsRequest()));
    return topics.filter(({ isInternal }) => !isInternal).map(({ topic }) => topic);
  }

  async fetch(offset = 0, partition = 0): Promise<FetchedPartition> {
    const request = fetchRequest(this.topic, partition, BigInt(offset));
    return readFetch(await this.#leader(partition, request));
  }

  /** Values of all data batches up to the last stable offset, aborted ones included. */
  async values(partition = 0): Promise<string[]> {
    const end = await this.offset("last-stable", partition);
    const found: string[] = [];
    for (let at = 0; at < end; ) {
      const { batches } = await this.fetch(at, partition);
      for (const batch of batches) {
        if (!batch.isControl) found.push(...readRecords(batch).map(({ value }) => String(value)));
        at = Number(batch.lastOffset) + 1;
      }
    }
    return found;
  }

  /** Waits until no transaction is open in the partition. */
  async stable(partition = 0): Promise<void> {
    const isStable = async (): Promise<boolean> =>
      (await this.offset("last-stable", partition)) ===
      (await this.offset("high-watermark", partition));
    await until(isStable, DEADLINE_MS, "the partition to be decided");
  }

  async #patient(attempt: () => Promise<number>): Promise<number> {
    let error = -1;
    const isDone = async (): Promise<boolean> => {
      error = await attempt();
      return error !== ERROR.concurrentTransactions;
    };
    await until(isDone, DEADLINE_MS, "the markers");
    return error;
  }

  #any(request: BrokerRequest): Promise<Buffer> {
    return this.#channel.request("any", "coordinator", request);
  }

  async #coordinator(transactionalId: string, request: BrokerRequest): Promise<Buffer> {
    let found = { error: -1, broker: -1 };
    const isFound = async (): Promise<boolean> => {
      found = readCoordinator(await this.#any(findCoordinatorRequest(transactionalId)));
      return found.error === ERROR.none;
    };
    await until(isFound, DEADLINE_MS, "a coordinator");
    return this.#channel.request(found.broker, "coordinator", request);
  }

  async #leader(partition: number, request: BrokerRequest): Promise<Buffer> {
    const [topic] = (await this.metadata([this.topic])).topics;
    const leader = topic?.partitions[partition]?.leader ?? -1;
    return this.#channel.request(leader, "data", request);
  }
}
