import { describe, expect, it } from "@jest/globals";
import { databaseOptions, relayOptions } from "../../../src/cli/adapters.ts";
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
