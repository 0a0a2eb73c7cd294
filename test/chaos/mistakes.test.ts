import { spawn } from "node:child_process";
import { openSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { ALL_DELIVERED } from "../support/relay/delivery-check.ts";
import { RelayFixture } from "../support/relay/fixture.ts";
import { until } from "../support/until.ts";

const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

let fixture: RelayFixture;

beforeEach(async () => {
  fixture = await RelayFixture.create("mistakes");
});

afterEach(() => fixture.close());

describe("settings that are wrong", () => {
  const mistakes: readonly (readonly [string, Readonly<Record<string, string>>, string, RegExp])[] =
    [
      [
        "a database without the outbox",
        { RELAY_DATABASE_URL: "postgres" },
        "CONFIG_TABLE",
        /RELAY_TABLES/,
      ],
      [
        "a misspelt publication",
        { RELAY_PUBLICATION_NAME: "outbox_rely" },
        "CONFIG_PUBLICATION",
        /RELAY_PUBLICATION_NAME/,
      ],
      ["a misspelt table", { RELAY_TABLES: "public.outbux" }, "CONFIG_TABLE", /RELAY_TABLES/],
      [
        "a column that is not there",
        { RELAY_COLUMN_KEY: "agregateid" },
        "CONFIG_COLUMN",
        /RELAY_COLUMN_KEY/,
      ],
      ["a slot of another kind", { RELAY_SLOT_NAME: "physical" }, "CONFIG_SLOT", /RELAY_SLOT_NAME/],
      [
        "a transaction time-out that brokers refuse",
        { RELAY_TRANSACTION_TIMEOUT: "1h" },
        "CONFIG_TRANSACTION_TIMEOUT",
        /RELAY_TRANSACTION_TIMEOUT/,
      ],
      [
        "a witness table that is not there",
        { RELAY_WITNESS_TABLE: "public.nowhere" },
        "CONFIG_WITNESS",
        /RELAY_WITNESS_TABLE/,
      ],
    ];

  it.each(mistakes)(
    "%s: one clear line that names it, and nothing published [80: H]",
    async (_what, settings, code, names) => {
      await fixture.client.query(
        "select pg_create_physical_replication_slot('physical') where not exists (select from pg_replication_slots where slot_name = 'physical')",
      );
      const url = new URL(fixture.database.url);
      url.pathname = "/postgres";
      const elsewhere =
        settings["RELAY_DATABASE_URL"] === undefined ? {} : { RELAY_DATABASE_URL: url.href };
      await fixture.insert("k");
      const relay = fixture.start({ ...settings, ...elsewhere, RELAY_RETRY_MAX: "500ms" });
      const { message, hint } = await relay.reaches("failed", code);
      expect(`${message} ${hint}`).toMatch(names);
      expect(message).not.toContain("\n");
      expect(await fixture.read()).toEqual([]);
    },
  );
});

describe("a full disk under the relay", () => {
  it("costs its log and nothing else: it keeps no state there [77: L D]", async () => {
    const full = openSync("/dev/full", "w");
    const child = spawn(process.execPath, [MAIN, "run"], {
      env: { PATH: process.env["PATH"], RELAY_HTTP_LISTEN: "127.0.0.1:0", ...fixture.settings },
      stdio: ["ignore", full, full],
    });
    try {
      await until(
        async () => {
          // Active is not enough: so is a slot that is still being made, and what is written before it stands is not its.
          const { rowCount } = await fixture.client.query(
            `select from pg_replication_slots join pg_stat_replication on pid = active_pid
              where slot_name = $1 and confirmed_flush_lsn is not null and state = 'streaming'`,
            [fixture.names.slot],
          );
          return rowCount === 1;
        },
        30_000,
        () => `a relay without a log to stream; it ended with ${child.exitCode}`,
      );
      await fixture.insert("k");
      await until(async () => (await fixture.read()).length === 1, 30_000, "the event");
      expect(await fixture.delivery()).toMatchObject(ALL_DELIVERED);
      expect(child.exitCode).toBeNull();
    } finally {
      child.kill("SIGKILL");
    }
  });
});
