import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { PostgresServer } from "../../../src/demo/services/embedded-postgres.ts";
import { startPostgres } from "../../../src/demo/services/embedded-postgres.ts";
import { RelayFixture } from "../../support/relay/fixture.ts";

const SECOND = "create table public.second (like public.outbox including all)";

describe.each([14, 18] as const)(
  "with Postgres %i a table that another transaction locks exclusively",
  (major) => {
    let postgres: PostgresServer;
    let fixture: RelayFixture;
    const tables = { RELAY_TABLES: "public.outbox,public.second" };

    beforeAll(async () => {
      const settings = { max_prepared_transactions: "2" };
      postgres = await startPostgres({ major, settings });
      fixture = await RelayFixture.create(`locked${major}`, { postgresUrl: postgres.url });
      await fixture.client.query(SECOND);
      await fixture.client.query(
        `alter publication "${fixture.names.publication}" add table public.second`,
      );
    });

    afterAll(async () => {
      await fixture.close();
      await postgres.stop();
    });

    const lock = async (): Promise<void> => {
      await fixture.client.query("begin");
      await fixture.client.query("lock table public.outbox in access exclusive mode");
      await fixture.client.query("prepare transaction 'half''done'");
    };
    const unlock = (): Promise<unknown> => fixture.client.query("rollback prepared 'half''done'");
    const insert = (id: string): Promise<unknown> =>
      fixture.client.query(
        "insert into public.second (id, aggregatetype, aggregateid, type, payload) values ($1, 'order', 'k', 't', '{}')",
        [id],
      );

    it("does not hold up a relay that streams, nor what it looks at", async () => {
      const relay = await fixture.streaming(tables);
      await lock();
      try {
        // The stream describes the table again, so that the catalog is asked.
        await fixture.client.query("alter table public.second add note text");
        await insert("00000000-0000-4000-8000-000000000001");
        await fixture.caughtUp(relay);
        await fixture.client.query(
          `alter publication "${fixture.names.publication}" drop table public.second`,
        );
        const seen = await relay.reaches("failed", "PUBLICATION_CHANGED");
        expect(seen.message).toContain("second");
      } finally {
        await unlock();
        await relay.stop();
      }
    });

    it("is named, with its holder, where a start waits for it", async () => {
      await fixture.client.query(
        `alter publication "${fixture.names.publication}" add table public.second`,
      );
      expect(await fixture.command(["accept", "publication"], tables)).toMatchObject({ code: 0 });
      await lock();
      const relay = fixture.start({ ...tables, RELAY_DATABASE_STATEMENT_TIMEOUT: "1s" });
      try {
        if (major < 16) return void (await relay.reaches("streaming"));
        const { message } = await relay.reaches("starting", "POSTGRES_TIMEOUT");
        expect(message).toContain("public.outbox");
        expect(message).toContain("prepared transaction 'half''done'");
      } finally {
        await unlock();
      }
      await relay.reaches("streaming");
      await relay.stop();
    });
  },
);
