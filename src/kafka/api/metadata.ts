import type { BrokerAddress, BrokerRequest } from "../broker-channel.ts";
import type { ByteReader } from "../wire/byte-reader.ts";
import { ByteWriter } from "../wire/byte-writer.ts";
import { readAnswer } from "./answer.ts";

/** The smallest int32: the broker does not say. */
const RIGHTS_UNKNOWN = -(2 ** 31);

export interface PartitionMetadata {
  readonly error: number;
  readonly partition: number;
  /** -1 while there is none. */
  readonly leader: number;
  /** How many brokers have a copy, in step or not. */
  readonly replicas: number;
  /** How many of them are in step. */
  readonly inSync: number;
}

export interface TopicMetadata {
  readonly error: number;
  readonly topic: string;
  /** One of Kafka's own, such as `__consumer_offsets`. */
  readonly isInternal: boolean;
  readonly partitions: readonly PartitionMetadata[];
  /** What we may do with it, a bit for each AclOperation; null where it was not asked for or is not told. */
  readonly rights: number | null;
}

export interface Metadata {
  readonly brokers: readonly BrokerAddress[];
  /** Id of the broker that takes what changes the cluster; -1 while there is none. */
  readonly controller: number;
  readonly topics: readonly TopicMetadata[];
}

/** Metadata v8: tells of these topics and never creates one. */
export function metadataRequest(topics: readonly string[]): BrokerRequest {
  return request(named(topics), false);
}

/** The same, and what we may do with each. */
export function topicRightsRequest(topics: readonly string[]): BrokerRequest {
  return request(named(topics), true);
}

/** The same for every topic of the cluster that we may see: a null array, where an empty one means none. */
export function allTopicsRequest(): BrokerRequest {
  return request(new ByteWriter().int32(-1), false);
}

function named(topics: readonly string[]): ByteWriter {
  const writer = new ByteWriter();
  writer.array(topics, (topic) => writer.string(topic));
  return writer;
}

/** Behind the topics: whether to create them, and whether to tell rights on the cluster and on them. */
function request(topics: ByteWriter, withRights: boolean): BrokerRequest {
  const payload = topics.boolean(false).boolean(false).boolean(withRights).done();
  return { apiKey: 3, apiVersion: 8, payload };
}

export function readMetadata(response: Buffer): Metadata {
  return readAnswer("Metadata", response, (reader) => {
    reader.int32();
    const brokers = reader.array(() => {
      const id = reader.int32();
      const host = reader.string() ?? "";
      const port = reader.int32();
      reader.string();
      return { id, host, port };
    });
    reader.string();
    const controller = reader.int32();
    const topics = reader.array(() => readTopic(reader));
    return { brokers, controller, topics };
  });
}

function readTopic(reader: ByteReader): TopicMetadata {
  const error = reader.int16();
  const topic = reader.string() ?? "";
  const isInternal = reader.boolean();
  const partitions = reader.array(() => {
    const partition = { error: reader.int16(), partition: reader.int32(), leader: reader.int32() };
    reader.int32();
    const replicas = reader.array(() => reader.int32()).length;
    const inSync = reader.array(() => reader.int32()).length;
    reader.array(() => reader.int32());
    return { ...partition, replicas, inSync };
  });
  const rights = reader.int32();
  partitions.sort((a, b) => a.partition - b.partition);
  // Keys are spread over all of them: with one left out they would go elsewhere.
  if (partitions.some(({ partition }, place) => partition !== place))
    throw new RangeError(`not every partition of topic ${topic} is in it`);
  return {
    error,
    topic,
    isInternal,
    rights: rights === RIGHTS_UNKNOWN ? null : rights,
    partitions,
  };
}
