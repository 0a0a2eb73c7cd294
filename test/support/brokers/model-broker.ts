import type { BrokerRequest } from "../../../src/kafka/broker-channel.ts";
import { ByteReader } from "../../../src/kafka/wire/byte-reader.ts";
import { ByteWriter } from "../../../src/kafka/wire/byte-writer.ts";
import type { Clock } from "../../../src/relay/clock.ts";
import {
  apiVersions,
  describeConfigs,
  findCoordinator,
  metadata,
} from "./answers/cluster-facts.ts";
import { createTopics } from "./answers/create-topics.ts";
import { produce } from "./answers/produce.ts";
import { fetch, listOffsets } from "./answers/reading.ts";
import { deleteRecords } from "./answers/retention.ts";
import {
  addPartitions,
  describeTransactions,
  endTxn,
  initProducerId,
} from "./answers/transactions.ts";
import type { ModelCluster } from "./model-cluster.ts";

/** What an answer is made from. */
export interface Question {
  readonly cluster: ModelCluster;
  readonly clock: Clock;
  /** Id of the broker that was asked. */
  readonly broker: number;
  readonly apiVersion: number;
  readonly reader: ByteReader;
}

type Handler = (question: Question) => ByteWriter | Promise<ByteWriter>;

const HANDLERS: Readonly<Record<number, Handler>> = {
  0: produce,
  1: fetch,
  2: listOffsets,
  3: metadata,
  10: findCoordinator,
  18: apiVersions,
  19: createTopics,
  21: deleteRecords,
  22: initProducerId,
  24: addPartitions,
  26: endTxn,
  32: describeConfigs,
  65: describeTransactions,
};

/** Lets one broker answer one request, in the bytes of the protocol. Throws for a request that neither the relay nor a test sends. */
export async function answer(
  cluster: ModelCluster,
  clock: Clock,
  broker: number,
  { apiKey, apiVersion, payload }: BrokerRequest,
): Promise<Buffer> {
  const handler = HANDLERS[apiKey];
  if (handler === undefined) throw new RangeError(`the model has no API ${apiKey}`);
  const question = { cluster, clock, broker, apiVersion, reader: new ByteReader(payload) };
  return (await handler(question)).done();
}
