/** Names of the requests that the relay sends, by their API keys, for messages. */
export const API_NAMES: Readonly<Record<number, string>> = {
  0: "Produce",
  1: "Fetch",
  2: "ListOffsets",
  3: "Metadata",
  10: "FindCoordinator",
  18: "ApiVersions",
  19: "CreateTopics",
  22: "InitProducerId",
  24: "AddPartitionsToTxn",
  26: "EndTxn",
  32: "DescribeConfigs",
  65: "DescribeTransactions",
};

export function apiName(apiKey: number): string {
  return API_NAMES[apiKey] ?? `API ${apiKey}`;
}
