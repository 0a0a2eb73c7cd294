import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { PostgresServer } from "../../../src/demo/services/embedded-postgres.ts";
import { startPostgres } from "../../../src/demo/services/embedded-postgres.ts";
import { RelayFixture } from "../../support/relay/fixture.ts";
import type { RelayProcess } from "../../support/relay/relay-process.ts";
import { until } from "../../support/services.ts";

const SETTINGS = { RELAY_RETRY_MAX: "500ms", RELAY_CHECKPOINT_INTERVAL: "200ms" };
const TABLE = `
  create table outbox (id uuid not null default gen_random_uuid(), aggregatetype text not null default 'order',
    aggregateid text not null, type text not null default 'Placed', payload jsonb, day int not null,
    txid xid8 not null default pg_current_xact_id()) partition by list (day);
  create table outbox_0 partition of outbox for values in (0)`;

describe.each([14, 18] as const)(
  "a table that had rows before it was attached, on Postgres %i",
  (major) => {
    let postgres: PostgresServer;
    let fixture: RelayFixture;
    let relay: RelayProcess;
    let day = 0;

    beforeAll(async () => {
      postgres = await startPostgres({ major });
      fixture = await RelayFixture.create(`attached${major}`, {
        postgresUrl: postgres.url,
        migrate: false,
      });
      await fixture.client.query(TABLE);
      await fixture.migrate();
    });

    afterAll(async () => {
      await fixture.close();
      await postgres.stop();
    });

    beforeEach(async () => {
      day += 1;
      relay = await fixture.streaming(SETTINGS);
      await insert("outbox", `first ${day}`, 0);
      await published(`first ${day}`);
    });

    function insert(table: string, key: string, on = day): Promise<unknown> {
      return fixture.client.query(`insert into ${table} (aggregateid, day) values ($1, $2)`, [
        key,
        on,
      ]);
    }

    async function keys(): Promise<string[]> {
      return (await fixture.read()).map(({ key }) => String(key));
    }

    async function published(key: string): Promise<void> {
      await until(
        async () => (await keys()).includes(key),
        60_000,
        () => `${key} at Kafka\n${relay.output}`,
      );
    }

    /** Attached, and a row through the outbox table after that. `emptied`: with all former rows gone. */
    async function attach(emptied = false): Promise<void> {
      await fixture.client.query(`create table outbox_${day} (like outbox including all)`);
      await insert(`outbox_${day}`, `before ${day}`);
      // As long as the stream has not read the row, it could not have decided by it.
      if (!relay.hasEnded) await fixture.caughtUp(relay);
      if (emptied) await fixture.client.query(`delete from outbox_${day}`);
      await fixture.client.query(
        `alter table outbox attach partition outbox_${day} for values in (${day})`,
      );
      if (!emptied) await insert("outbox", `since ${day}`);
    }

    /** Postgres 14 leaves out what came since as well. */
    async function settle(): Promise<void> {
      if (major !== 14) return;
      await relay.reaches("failed", "PUBLICATION_CHANGED");
      const { code, stderr } = await fixture.command(["repair"]);
      if (code !== 0) throw new Error(`repair ended with ${code}: ${stderr}`);
      await relay.reaches("streaming");
      await published(`before ${day}`);
    }

    /** What of this test is at Kafka once all is well again. */
    async function delivered(): Promise<string[]> {
      await settle();
      await published(`since ${day}`);
      await insert("outbox", `later ${day}`);
      await published(`later ${day}`);
      await relay.stop();
      return (await keys()).filter((key) => key.endsWith(` ${day}`)).toSorted();
    }

    /** A repair takes what was in the table before for a candidate, too. */
    function expected(): string[] {
      return [...(major === 14 ? ["before"] : []), "first", "later", "since"].map(
        (key) => `${key} ${day}`,
      );
    }

    it("loses no row that comes since then while the relay runs", async () => {
      await attach();
      expect(await delivered()).toEqual(expected());
    });

    it("loses no row that comes since then while the relay is down", async () => {
      await relay.stop();
      await attach();
      relay = fixture.start(SETTINGS);
      expect(await delivered()).toEqual(expected());
    });

    it("loses none once the relay has looked, where all former rows are gone", async () => {
      await attach(true);
      const output = (): string => relay.output;
      if (major === 14) {
        await until(
          () => output().includes("the stream begins again"),
          30_000,
          () => `a new stream\n${output()}`,
        );
      }
      await relay.reaches("streaming");
      await insert("outbox", `since ${day}`);
      await published(`since ${day}`);
      expect((await relay.status()).state).toBe("streaming");
      await relay.stop();
    });
  },
);
