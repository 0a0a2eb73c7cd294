import { ERROR } from "../../../../src/kafka/error-code.ts";
import { ByteWriter } from "../../../../src/kafka/wire/byte-writer.ts";
import type { Question } from "../model-broker.ts";
import type { AbortedTransaction, PartitionLog } from "../partition-log.ts";

const TIMESTAMP_LATEST = -1n;
const TIMESTAMP_EARLIEST = -2n;
/** Small, so that readers meet answers that end in the middle. */
const FETCH_BYTES_MAX = 4_000;

/** ListOffsets v3 of one partition. */
export function listOffsets({ cluster, broker, reader }: Question): ByteWriter {
  reader.int32();
  const isCommitted = reader.int8() === 1;
  const [asked = []] = reader.array(() => {
    const topic = reader.string() ?? "";
    return reader.array(() => ({ topic, partition: reader.int32(), timestamp: reader.int64() }));
  });
  const writer = new ByteWriter().int32(0);
  return writer.array([asked], (partitions) => {
    writer.string(partitions[0]?.topic ?? "");
    writer.array(partitions, ({ topic, partition, timestamp }) => {
      const log = cluster.log(topic, partition);
      const error = cluster.leadershipError(broker, log);
      const offset =
        log === undefined || error !== ERROR.none ? -1n : offsetAt(log, timestamp, isCommitted);
      writer.int32(partition).int16(error).int64(-1n).int64(offset);
    });
  });
}

function offsetAt(log: PartitionLog, timestamp: bigint, isCommitted: boolean): bigint {
  const end = isCommitted ? log.stableEnd : log.end;
  if (timestamp === TIMESTAMP_EARLIEST) return log.start;
  if (timestamp === TIMESTAMP_LATEST) return end;
  const found = log.firstSince(Number(timestamp));
  return found < end ? found : -1n;
}

/** Fetch v11 of one partition with read_committed. */
export function fetch({ cluster, broker, reader }: Question): ByteWriter {
  for (let field = 0; field < 4; field++) reader.int32();
  reader.int8();
  reader.int32();
  reader.int32();
  const [asked] = reader.array(() => {
    const topic = reader.string() ?? "";
    return reader.array(() => {
      const partition = reader.int32();
      reader.int32();
      const offset = reader.int64();
      reader.int64();
      reader.int32();
      return { topic, partition, offset };
    });
  });
  const { topic = "", partition = 0, offset = 0n } = asked?.[0] ?? {};
  const log = cluster.log(topic, partition);
  const error = cluster.leadershipError(broker, log);
  const writer = new ByteWriter().int32(0).int16(ERROR.none).int32(0);
  return writer.array([topic], (name) => {
    writer
      .string(name)
      .array([partition], (one) => writePartition(writer, one, error, log, offset));
  });
}

function writePartition(
  writer: ByteWriter,
  partition: number,
  error: number,
  log: PartitionLog | undefined,
  offset: bigint,
): void {
  writer.int32(partition);
  if (log === undefined || error !== ERROR.none || offset < log.start || offset > log.end) {
    const shown = error === ERROR.none ? ERROR.offsetOutOfRange : error;
    writer
      .int16(shown)
      .int64(-1n)
      .int64(-1n)
      .int64(-1n)
      .array([], () => undefined);
    writer.int32(-1).int32(0);
    return;
  }
  const { stableEnd } = log;
  const entries = log.read(offset, stableEnd, FETCH_BYTES_MAX);
  const to = entries.at(-1)?.lastOffset ?? offset;
  writer.int16(ERROR.none).int64(log.end).int64(stableEnd).int64(log.start);
  writer.array(abortedBetween(log, offset, to), ({ producerId, firstOffset }) => {
    writer.int64(producerId).int64(firstOffset);
  });
  const bytes = Buffer.concat(entries.map((entry) => entry.bytes));
  writer.int32(-1).int32(bytes.length);
  writer.raw(bytes.length, (target, at) => at + bytes.copy(target, at));
}

/** Those that a reader of these offsets must know, in the order of their ends, as brokers list them. */
export function abortedBetween(log: PartitionLog, from: bigint, to: bigint): AbortedTransaction[] {
  return log.aborted.filter(
    ({ firstOffset, lastOffset }) => lastOffset >= from && firstOffset <= to,
  );
}
