import type { BrokerRequest } from "../broker-channel.ts";
import { ByteWriter } from "../wire/byte-writer.ts";
import { readAnswer } from "./answer.ts";

/** What to ask for: the log's start, its high watermark, or the last stable offset that committed readers see. */
export type OffsetKind = "start" | "high-watermark" | "last-stable";

/**
 * Or a time, ms since 1970: then the answer is the first offset below the high watermark whose timestamp is at or after
 * it, so that every record before it is older; -1 when there is none (KIP-79; KafkaConsumer.offsetsForTimes). Brokers
 * look at every record's own timestamp, control records and aborted ones included (LogSegment.findOffsetByTimestamp).
 */
export type OffsetQuery = OffsetKind | { readonly atOrAfterMs: number };

const TIMESTAMP = { start: -2n, "high-watermark": -1n, "last-stable": -1n } as const;

/** ListOffsets v3 for one partition. */
export function listOffsetsRequest(
  topic: string,
  partition: number,
  query: OffsetQuery,
): BrokerRequest {
  const timestamp = typeof query === "string" ? TIMESTAMP[query] : BigInt(query.atOrAfterMs);
  const writer = new ByteWriter().int32(-1).int8(query === "last-stable" ? 1 : 0);
  writer.array([topic], (name) => {
    writer.string(name).array([partition], (one) => writer.int32(one).int64(timestamp));
  });
  return { apiKey: 2, apiVersion: 3, payload: writer.done() };
}

export function readOffset(response: Buffer): { error: number; offset: bigint } {
  return readAnswer("ListOffsets", response, (reader) => {
    reader.int32();
    const [found] = reader.array(() => {
      reader.string();
      return reader.array(() => {
        reader.int32();
        const error = reader.int16();
        reader.int64();
        return { error, offset: reader.int64() };
      });
    });
    const [offset] = found ?? [];
    if (offset === undefined) throw new RangeError("ListOffsets answered for no partition");
    return offset;
  });
}
