import type { BrokerRequest } from "../../../../src/kafka/broker-channel.ts";
import { ByteReader } from "../../../../src/kafka/wire/byte-reader.ts";
import { ByteWriter } from "../../../../src/kafka/wire/byte-writer.ts";

/** The answer of a broker that has carried out nothing of a request that would have changed something. */
export function refusal({ apiKey, apiVersion, payload }: BrokerRequest, code: number): Buffer {
  const reader = new ByteReader(payload);
  switch (apiKey) {
    case 0:
      return produceRefusal(reader, code);
    case 19:
      return createRefusal(reader, code);
    case 24:
      return addRefusal(reader, code);
    case 26:
      return apiVersion >= 5 ? identityRefusal(code) : new ByteWriter().int32(0).int16(code).done();
    default:
      return identityRefusal(code);
  }
}

function identityRefusal(code: number): Buffer {
  return new ByteWriter().tags().int32(0).int16(code).int64(-1n).int16(-1).tags().done();
}

function produceRefusal(reader: ByteReader, code: number): Buffer {
  reader.tags();
  reader.compactString();
  reader.int16();
  reader.int32();
  const writer = new ByteWriter().tags();
  const topics = reader.compactArray(() => {
    const topic = reader.compactString();
    const partitions = reader.compactArray(() => {
      const partition = reader.int32();
      reader.bytes(reader.uvarint() - 1);
      reader.tags();
      return partition;
    });
    reader.tags();
    return { topic, partitions };
  });
  writer.compactArray(topics, ({ topic, partitions }) => {
    writer.compactString(topic).compactArray(partitions, (partition) => {
      writer.int32(partition).int16(code).int64(-1n).int64(-1n).int64(-1n);
      writer
        .compactArray([], () => undefined)
        .compactString(null)
        .tags();
    });
    writer.tags();
  });
  return writer.int32(0).tags().done();
}

function addRefusal(reader: ByteReader, code: number): Buffer {
  reader.string();
  reader.int64();
  reader.int16();
  const topics = reader.array(() => ({
    topic: reader.string(),
    partitions: reader.array(() => reader.int32()),
  }));
  const writer = new ByteWriter().int32(0);
  return writer
    .array(topics, ({ topic, partitions }) =>
      writer.string(topic).array(partitions, (one) => writer.int32(one).int16(code)),
    )
    .done();
}

function createRefusal(reader: ByteReader, code: number): Buffer {
  const topics = reader.array(() => {
    const topic = reader.string();
    reader.int32();
    reader.int16();
    reader.array(() => [reader.int32(), reader.array(() => reader.int32())]);
    reader.array(() => [reader.string(), reader.string()]);
    return topic;
  });
  const writer = new ByteWriter().int32(0);
  return writer.array(topics, (topic) => writer.string(topic).int16(code).string(null)).done();
}
