import type { BrokerRequest } from "../../../../src/kafka/broker-channel.ts";
import { ByteWriter } from "../../../../src/kafka/wire/byte-writer.ts";

const API_PRODUCE = 0;
const API_FETCH = 1;
const API_VERSIONS = 18;
const API_END_TXN = 26;
/** Answers that begin with a section of tags. */
const FLEXIBLE: ReadonlySet<number> = new Set([22, 65]);
/** Behind the time: an empty section of tags. */
const PRODUCE_FROM_END = 5;
const END_TXN_FLEXIBLE_SINCE = 5;

/** The answer of a broker whose quota is used up: it asks for a pause of `ms`, and a Fetch gets nothing. */
export function throttledAnswer(
  { apiKey, apiVersion }: Pick<BrokerRequest, "apiKey" | "apiVersion">,
  truth: Buffer,
  ms: number,
): Buffer {
  if (apiKey === API_FETCH) return emptyFetch(ms);
  // Its answers say it between two lists; the broker pauses all the same.
  if (apiKey === API_VERSIONS) return truth;
  const answer = Buffer.from(truth);
  answer.writeInt32BE(ms, placeIn(apiKey, apiVersion, answer));
  return answer;
}

function placeIn(apiKey: number, apiVersion: number, answer: Buffer): number {
  if (apiKey === API_PRODUCE) return answer.length - PRODUCE_FROM_END;
  const isFlexible =
    apiKey === API_END_TXN ? apiVersion >= END_TXN_FLEXIBLE_SINCE : FLEXIBLE.has(apiKey);
  return isFlexible ? 1 : 0;
}

function emptyFetch(ms: number): Buffer {
  return new ByteWriter()
    .int32(ms)
    .int16(0)
    .int32(0)
    .array([], () => undefined)
    .done();
}
