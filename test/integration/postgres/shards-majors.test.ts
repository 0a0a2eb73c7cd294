import { describe, expect, it } from "@jest/globals";
import { startPostgres } from "../../../src/demo/services/embedded-postgres.ts";
import { MajorServer } from "../../support/postgres/major-server.ts";
import { ALL, DividedOutbox, KEY_TYPES, sorted } from "./divided-outbox.ts";
import { OutboxDatabase } from "./outbox-database.ts";

describe.each([15, 16, 17] as const)("shards on Postgres %i", (major) => {
  const server = new MajorServer(major);

  it.each(KEY_TYPES)(
    "have a filter for keys of type %s that the server takes and preflight recognises",
    async (type) => {
      const outbox = await OutboxDatabase.create(server.url);
      const divided = new DividedOutbox(outbox);
      await divided.retypeKey(type);
      const shards = await divided.divide(3);
      await divided.fill(type);
      expect(sorted(await divided.streamed(shards))).toEqual(ALL);
      await outbox.drop();
    },
  );
});

describe("shards on Postgres 14", () => {
  it("are refused, here and in the migration", async () => {
    const server = await startPostgres({ major: 14 });
    const outbox = await OutboxDatabase.create(server.url);
    const divided = new DividedOutbox(outbox);
    const shard = { index: 0, count: 2 };
    const { exitCode, stderr } = await divided.migrate(shard);
    expect(exitCode).toBe(78);
    expect(stderr).toContain("needs Postgres 15");
    const options = { ...divided.named(shard), publications: [outbox.publication] };
    expect(await divided.codes(options)).toContain("halt CONFIG_SERVER_VERSION");
    await outbox.drop();
    await server.stop();
  });
});
