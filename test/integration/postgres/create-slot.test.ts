import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { PostgresServer } from "../../../src/demo/services/embedded-postgres.ts";
import { startPostgres } from "../../../src/demo/services/embedded-postgres.ts";
import type { RelayError } from "../../../src/relay/errors.ts";
import { NEVER, OutboxDatabase } from "./outbox-database.ts";

describe("a slot that cannot be made yet, seen by a role with REPLICATION and SELECT only", () => {
  let server: PostgresServer;
  let outbox: OutboxDatabase;

  beforeAll(async () => {
    server = await startPostgres({ settings: { max_prepared_transactions: "5" } });
    outbox = await OutboxDatabase.create(server.url);
  });

  afterAll(async () => {
    await outbox.drop();
    await server.stop();
  });

  it("waits for a prepared transaction that it names, or for a session that it may not look into", async () => {
    const { url } = await outbox.role("replication");
    const database = outbox.database({ connectionString: url, statementTimeoutMs: 500 });
    const refusal = (): Promise<RelayError> =>
      database.createSlot(NEVER).then(
        () => {
          throw new Error("the slot was made");
        },
        (error: RelayError) => error,
      );
    await outbox.query("begin");
    await outbox.insert(1);
    await outbox.query("prepare transaction 'forgotten'");
    const prepared = await refusal();
    expect(prepared).toMatchObject({ code: "SLOT_CREATE_BLOCKED", remedy: "retry" });
    expect(prepared.message).toContain("'forgotten'");
    const command = /ROLLBACK PREPARED '.*?';/.exec(prepared.hint)?.[0] ?? "";
    await outbox.query(command);

    await outbox.query("begin");
    await outbox.insert(1);
    const { message, hint } = await refusal();
    expect(message).toMatch(/pid \d+/);
    expect(`${message} ${hint}`).not.toContain("null");
    expect(hint).toContain("GRANT pg_read_all_stats");
    await outbox.query("rollback");
    await database.createSlot(NEVER);
  });
});
