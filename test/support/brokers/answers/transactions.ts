import type { ProducerIdentity } from "../../../../src/kafka/api/init-producer-id.ts";
import { ERROR } from "../../../../src/kafka/error-code.ts";
import { ByteWriter } from "../../../../src/kafka/wire/byte-writer.ts";
import type { Question } from "../model-broker.ts";

/** InitProducerId v4; any broker gives an identity without a transactional id. */
export function initProducerId({ cluster, broker, reader }: Question): ByteWriter {
  reader.tags();
  const name = reader.compactString();
  const timeoutMs = reader.int32();
  const isElsewhere = name !== null && cluster.coordinator !== broker;
  const answer = isElsewhere
    ? { error: ERROR.notCoordinator, producerId: -1n, epoch: -1 }
    : cluster.transactions.initProducerId(name, timeoutMs);
  return identityAnswer(answer);
}

/** AddPartitionsToTxn v2: all partitions or none. */
export function addPartitions({ cluster, broker, reader }: Question): ByteWriter {
  const name = reader.string() ?? "";
  const identity = { producerId: reader.int64(), epoch: reader.int16() };
  const asked = reader.array(() => {
    const topic = reader.string() ?? "";
    return { topic, partitions: reader.array(() => reader.int32()) };
  });
  const logs = asked.flatMap(({ topic, partitions }) =>
    partitions.map((partition) => cluster.log(topic, partition)),
  );
  const known = logs.filter((log) => log !== undefined);
  const isWhole = known.length === logs.length;
  const isHere = cluster.coordinator === broker;
  const common =
    isHere && isWhole ? cluster.transactions.add(name, identity, known) : ERROR.notCoordinator;
  const errorOf = (topic: string, partition: number): number => {
    if (!isHere || isWhole) return common;
    const isMissing = cluster.log(topic, partition) === undefined;
    return isMissing ? ERROR.unknownTopicOrPartition : ERROR.operationNotAttempted;
  };
  const writer = new ByteWriter().int32(0);
  return writer.array(asked, ({ topic, partitions }) => {
    writer.string(topic);
    writer.array(partitions, (partition) =>
      writer.int32(partition).int16(errorOf(topic, partition)),
    );
  });
}

/** EndTxn v2 and v5. */
export function endTxn(question: Question): ByteWriter {
  return question.apiVersion >= 5 ? endTxnV5(question) : endTxnV2(question);
}

function endTxnV2({ cluster, broker, reader }: Question): ByteWriter {
  const name = reader.string() ?? "";
  const identity = { producerId: reader.int64(), epoch: reader.int16() };
  const isCommit = reader.boolean();
  const error =
    cluster.coordinator === broker
      ? cluster.transactions.endV1(name, identity, isCommit)
      : ERROR.notCoordinator;
  return new ByteWriter().int32(0).int16(error);
}

function endTxnV5({ cluster, broker, reader }: Question): ByteWriter {
  reader.tags();
  const name = reader.compactString() ?? "";
  const identity = { producerId: reader.int64(), epoch: reader.int16() };
  const isCommit = reader.boolean();
  const answer =
    cluster.coordinator === broker
      ? cluster.transactions.endV2(name, identity, isCommit)
      : { error: ERROR.notCoordinator, producerId: -1n, epoch: -1 };
  return identityAnswer(answer);
}

function identityAnswer({
  error,
  producerId,
  epoch,
}: ProducerIdentity & { error: number }): ByteWriter {
  return new ByteWriter().tags().int32(0).int16(error).int64(producerId).int16(epoch).tags();
}
