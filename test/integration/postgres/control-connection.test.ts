import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { ControlConnection } from "../../../src/postgres/control-connection.ts";
import { hostSessions } from "../../../src/postgres/host-list.ts";
import { HostOrder } from "../../../src/postgres/host-order.ts";
import { NEVER, OutboxDatabase } from "./outbox-database.ts";

describe("a question that is asked often", () => {
  let outbox: OutboxDatabase;
  let connection: ControlConnection;

  beforeEach(async () => {
    outbox = await OutboxDatabase.create();
    connection = new ControlConnection({
      sessions: hostSessions(outbox.url, "relay:test", {}),
      hostOrder: new HostOrder(),
      context: { slot: outbox.slot, publications: [] },
      connectTimeoutMs: 5_000,
      statementTimeoutMs: 5_000,
      channel: outbox.slot,
    });
  });

  afterEach(async () => {
    await connection.close();
    await outbox.drop();
  });

  const often = (text: string): Promise<unknown[]> => connection.queryOften(text, [], NEVER);

  it("is planned by the server once for each text", async () => {
    for (let i = 0; i < 3; i++) await often("select 1 as n");
    await often("select 2 as n");
    const planned = await connection.query("select from pg_prepared_statements", [], NEVER);
    expect(planned).toHaveLength(2);
  });

  it("is answered after the session has forgotten what it planned, as a pooler makes it", async () => {
    await often("select 1 as n");
    await connection.query("deallocate all", [], NEVER);
    expect(await often("select 1 as n")).toEqual([{ n: 1 }]);
  });

  it("is answered after a change of what it brings", async () => {
    await outbox.query("create table public.things (a int)");
    await outbox.query("insert into public.things values (1)");
    expect(await often("select * from public.things")).toEqual([{ a: 1 }]);
    await outbox.query("alter table public.things add b int");
    expect(await often("select * from public.things")).toEqual([{ a: 1, b: null }]);
  });
});
