import { ERROR } from "../../../../src/kafka/error-code.ts";
import { ByteWriter } from "../../../../src/kafka/wire/byte-writer.ts";
import type { Question } from "../model-broker.ts";

/** DeleteRecords v1 (KIP-107), which the relay never sends: for tests, what retention does in its own time. */
export function deleteRecords({ cluster, broker, reader }: Question): ByteWriter {
  const asked = reader
    .array(() => {
      const topic = reader.string() ?? "";
      return reader.array(() => ({ topic, partition: reader.int32(), offset: reader.int64() }));
    })
    .flat();
  const writer = new ByteWriter().int32(0);
  return writer.array(asked, ({ topic, partition, offset }) => {
    const log = cluster.log(topic, partition);
    const error = cluster.leadershipError(broker, log);
    if (error === ERROR.none) log?.trim(offset);
    writer.string(topic).array([partition], (one) =>
      writer
        .int32(one)
        .int64(log?.start ?? -1n)
        .int16(error),
    );
  });
}
