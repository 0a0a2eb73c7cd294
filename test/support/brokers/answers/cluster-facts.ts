import { ERROR } from "../../../../src/kafka/error-code.ts";
import { ByteWriter } from "../../../../src/kafka/wire/byte-writer.ts";
import type { Question } from "../model-broker.ts";

const MESSAGE_BYTES_MAX = 1_048_588;
const VERSIONS: readonly (readonly [number, number])[] = [
  [0, 13],
  [1, 17],
  [2, 10],
  [3, 13],
  [10, 6],
  [18, 4],
  [22, 5],
  [24, 5],
  [26, 5],
  [32, 4],
  [65, 0],
];
const TAG_FINALIZED_FEATURES = 2;

/** ApiVersions v3. */
export function apiVersions({ cluster }: Question): ByteWriter {
  const writer = new ByteWriter().int16(ERROR.none);
  writer.compactArray(VERSIONS, ([key, max]) => writer.int16(key).int16(0).int16(max).tags());
  writer.int32(0);
  const { transactionVersion } = cluster.options;
  if (transactionVersion === 0) return writer.tags();
  const features = new ByteWriter();
  features.compactArray([transactionVersion], (level) => {
    features.compactString("transaction.version").int16(level).int16(level).tags();
  });
  const bytes = features.done();
  writer.uvarint(1).uvarint(TAG_FINALIZED_FEATURES).uvarint(bytes.length);
  return writer.raw(bytes.length, (target, at) => at + bytes.copy(target, at));
}

/** Metadata v8; a null array asks for every topic. */
export function metadata({ cluster, reader }: Question): ByteWriter {
  const count = reader.int32();
  const names =
    count < 0
      ? [...cluster.topics.keys()]
      : Array.from({ length: count }, () => reader.string() ?? "");
  const writer = new ByteWriter().int32(0);
  writer.array(cluster.liveIds, (id) =>
    writer
      .int32(id)
      .string("model")
      .int32(9000 + id)
      .string(null),
  );
  writer.string("model").int32(cluster.coordinator);
  writer.array(names, (name) => {
    const topic = cluster.topics.get(name);
    writer.int16(topic === undefined ? ERROR.unknownTopicOrPartition : ERROR.none);
    writer.string(name).boolean(topic?.isInternal === true);
    writer.array(topic?.logs ?? [], (log) => {
      const leader = cluster.leader(log);
      writer.int16(leader < 0 ? ERROR.leaderNotAvailable : ERROR.none);
      writer.int32(log.partition).int32(leader).int32(0);
      for (let list = 0; list < 3; list++) writer.array([], () => undefined);
    });
    writer.int32(0);
  });
  return writer.int32(0);
}

/** FindCoordinator v2. */
export function findCoordinator({ cluster }: Question): ByteWriter {
  const id = cluster.coordinator;
  const error = id < 0 ? ERROR.coordinatorNotAvailable : ERROR.none;
  return new ByteWriter()
    .int32(0)
    .int16(error)
    .string(null)
    .int32(id)
    .string("model")
    .int32(9000 + id);
}

/** DescribeConfigs v2 of topics: limits, and what the checkpoint topic is asked for. */
export function describeConfigs({ cluster, reader }: Question): ByteWriter {
  const values = new Map([
    ["max.message.bytes", String(MESSAGE_BYTES_MAX)],
    ["segment.bytes", "1073741824"],
    ["cleanup.policy", "compact"],
    ["compression.type", "producer"],
    ["message.timestamp.type", "CreateTime"],
  ]);
  const asked = reader.array(() => {
    reader.int8();
    const topic = reader.string() ?? "";
    return { topic, names: reader.array(() => reader.string() ?? "") };
  });
  const writer = new ByteWriter().int32(0);
  return writer.array(asked, ({ topic, names }) => {
    writer.int16(ERROR.none).string(null).int8(2).string(topic);
    writer.array(names, (name) => {
      writer
        .string(name)
        .string(
          cluster.topics.get(topic)?.config.get(name) ??
            cluster.brokerConfig.get(name) ??
            values.get(name) ??
            null,
        )
        .boolean(false)
        .int8(5)
        .boolean(false);
      writer.array([], () => undefined);
    });
  });
}
