import { describe, expect, it } from "@jest/globals";
import { databaseOptions, kafkaOptions, relayOptions } from "../../../src/cli/adapters.ts";
import { loadConfig } from "../../../src/config/load.ts";

const URLS = {
  RELAY_DATABASE_URL: "postgres://relay@localhost/shop",
  RELAY_KAFKA_BROKERS: "localhost:9092",
};

describe("the headers column in the adapters' options", () => {
  it.each([
    [undefined, "headers", false],
    ["headers", "headers", true],
    ["meta", "meta", true],
    ["none", "", false],
  ])("of RELAY_COLUMN_HEADERS=%s is %j, and must be there: %s", (value, column, isRequired) => {
    const { config } = loadConfig({ ...URLS, RELAY_COLUMN_HEADERS: value });
    expect(databaseOptions(config)).toMatchObject({
      columns: { headers: column },
      areHeadersRequired: isRequired,
    });
    expect(relayOptions(config).outbox.columns.headers).toBe(column);
  });
});

describe("how long a batch may take before the next ones get smaller", () => {
  it.each([
    ["exactly-once", "20s", "1m", 10_000],
    ["exactly-once", "1m", "8s", 4_000],
    ["at-least-once", "20s", "1m", 30_000],
    ["exactly-once", "20s", "0", 10_000],
    ["at-least-once", "20s", "0", Number.POSITIVE_INFINITY],
  ])(
    "is half of what ends it: %s, transaction %s, stall %s",
    (delivery, transaction, stall, ms) => {
      const { config } = loadConfig({
        ...URLS,
        RELAY_DELIVERY: delivery,
        RELAY_TRANSACTION_TIMEOUT: transaction,
        RELAY_SINK_STALL_RELEASE: stall,
      });
      expect(kafkaOptions(config).batchMsMax).toBe(ms);
    },
  );
});
