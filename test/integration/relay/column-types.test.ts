import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { PostgresServer } from "../../../src/demo/services/embedded-postgres.ts";
import { startPostgres } from "../../../src/demo/services/embedded-postgres.ts";
import { RelayFixture } from "../../support/relay/fixture.ts";

/** Every column of a type with an OID of its own or with a text that a cast changes. */
const TABLE = `
  create domain event_bytes as bytea check (octet_length(value) < 1000000);
  create domain small_bytes as event_bytes check (octet_length(value) < 1000);
  create domain header_map as jsonb;
  create type event_kind as enum ('placed', 'paid');
  create table public.outbox (id char(8) primary key, aggregatetype text not null, aggregateid small_bytes not null,
    type event_kind not null, payload small_bytes, headers header_map)`;

describe.each([14, 18] as const)(
  "with Postgres %i columns of domains, enums and char(n)",
  (major) => {
    let postgres: PostgresServer;
    let fixture: RelayFixture;

    beforeAll(async () => {
      postgres = await startPostgres({ major });
      fixture = await RelayFixture.create(`types${major}`, {
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

    it("are the same record by the stream, in text and in binary, and by a repair", async () => {
      const insert = (id: string, type = "placed"): Promise<unknown> =>
        fixture.client.query(
          `insert into outbox values ($1, 'order', '\\x4100', '${type}', '\\x00ff410a', '{"a": "b"}')`,
          [id],
        );
      const text = await fixture.streaming();
      await insert("text");
      await fixture.caughtUp(text);
      await text.stop();
      await fixture.client.query("alter table outbox alter type type text");
      const binary = await fixture.streaming();
      await insert("binary");
      await fixture.caughtUp(binary);
      await binary.stop();
      await insert("lost");
      await fixture.dropSlot();
      const repaired = await fixture.command(["repair"]);
      expect(repaired).toMatchObject({ code: 0 });
      const records = await fixture.read();
      const seen = records.map(({ key, value, headers }) => ({
        id: headers["id"],
        key: Buffer.from(key ?? "").toString("hex"),
        value: value?.toString("hex"),
        type: headers["type"],
        a: headers["a"],
      }));
      const same = { key: "4100", value: "00ff410a", type: "placed", a: "b" };
      expect(seen.toSorted((a, b) => String(a.id).localeCompare(String(b.id)))).toEqual([
        { id: "binary  ", ...same },
        { id: "lost    ", ...same },
        { id: "text    ", ...same },
      ]);
    });

    it("are read as they were when the row was written, although the stream of today is binary", async () => {
      await fixture.client.query("alter table outbox alter type type event_kind using 'placed'");
      await fixture.client.query(
        "insert into outbox values ('waits', 'order', 'k', 'paid', '\\x00ff', null)",
      );
      await fixture.client.query("alter table outbox alter type type text");
      const relay = await fixture.streaming();
      await fixture.caughtUp(relay);
      await relay.stop();
      const waits = (await fixture.read()).filter(({ headers }) => headers["id"] === "waits   ");
      expect(waits.map(({ headers, value }) => [headers["type"], value?.toString("hex")])).toEqual([
        ["paid", "00ff"],
      ]);
    });
  },
);
