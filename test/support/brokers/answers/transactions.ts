import type { ProducerIdentity } from "../../../../src/kafka/api/init-producer-id.ts";
import { ERROR } from "../../../../src/kafka/error-code.ts";
import { ByteWriter } from "../../../../src/kafka/wire/byte-writer.ts";
import type { Question } from "../model-broker.ts";
import type { State } from "../transaction-coordinator.ts";

const TRANSACTIONAL_ID_NOT_FOUND = 105;
const STATE_NAMES: Readonly<Record<State, string>> = {
  empty: "Empty",
  ongoing: "Ongoing",
  "prepare-commit": "PrepareCommit",
  "prepare-abort": "PrepareAbort",
  "complete-commit": "CompleteCommit",
  "complete-abort": "CompleteAbort",
};

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

/** DescribeTransactions v0. */
export function describeTransactions({ cluster, broker, reader }: Question): ByteWriter {
  reader.tags();
  const names = reader.compactArray(() => reader.compactString() ?? "");
  const writer = new ByteWriter().tags().int32(0);
  writer.compactArray(names, (name) => {
    const found = cluster.coordinator === broker ? cluster.transactions.describe(name) : null;
    const unknown =
      cluster.coordinator === broker ? TRANSACTIONAL_ID_NOT_FOUND : ERROR.notCoordinator;
    writer.int16(found === null ? unknown : ERROR.none).compactString(name);
    writer
      .compactString(found === null ? "" : STATE_NAMES[found.state])
      .int32(found?.timeoutMs ?? 0)
      .int64(-1n);
    writer.int64(found?.producerId ?? -1n).int16(found?.epoch ?? -1);
    writer.compactArray([...(found?.partitions ?? [])], ({ topic, partition }) => {
      writer.compactString(topic);
      writer.compactArray([partition], (one) => writer.int32(one));
      writer.tags();
    });
    writer.tags();
  });
  return writer.tags();
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
