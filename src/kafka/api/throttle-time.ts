import type { BrokerRequest } from "../broker-channel.ts";

const API_END_TXN = 26;

/**
 * Where answers say how long their client is to wait, by API key, in the versions that the relay asks for. Produce and
 * ApiVersions say it behind lists; Produce's answer is read for it, and ApiVersions is asked for too seldom to count.
 */
const PLACES: ReadonlyMap<number, number> = new Map([
  [1, 0],
  [2, 0],
  [3, 0],
  [10, 0],
  [19, 0],
  [22, 1],
  [24, 0],
  [32, 0],
  [65, 1],
]);

/** How long the broker takes no more requests on the connection that this answer came over, ms (KIP-219); null where it does not say. */
export function throttleMsOf(
  { apiKey, apiVersion }: Pick<BrokerRequest, "apiKey" | "apiVersion">,
  answer: Buffer,
): number | null {
  const endTxn = apiVersion >= 5 ? 1 : 0;
  const place = apiKey === API_END_TXN ? endTxn : PLACES.get(apiKey);
  return place === undefined || answer.length < place + 4 ? null : answer.readInt32BE(place);
}
