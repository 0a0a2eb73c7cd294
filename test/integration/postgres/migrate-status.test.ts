import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { OutboxDatabase } from "./outbox-database.ts";
import { migrate as run } from "./run-migrate.ts";

let database: OutboxDatabase;

const migrate = (argv: string, url = database.url): ReturnType<typeof run> => run(argv, url);

beforeEach(async () => {
  database = await OutboxDatabase.createBare();
});

afterEach(async () => {
  await database.drop();
});

describe("migrate status", () => {
  it("tells what is missing, and exits 1 as long as it is", async () => {
    const before = await migrate("status");
    expect(before.exitCode).toBe(1);
    expect(before.stdout).toContain("0001 outbox outbox shop_events: pending");
    expect(before.stdout).toContain("table public.outbox: missing");
    expect(before.stdout).toContain("publication shop_events: missing");
    await migrate("up");
    const after = await migrate("status");
    expect(after.exitCode).toBe(0);
    expect(after.stdout).toMatch(/0002 publication outbox shop_events: applied \d{4}-/);
    expect(after.stdout).toContain("publication shop_events: exists, with the table");
  });

  it("looks at the database, not at its own records", async () => {
    await migrate("up");
    await database.query("alter publication shop_events drop table outbox");
    await database.query("alter table outbox drop column type");
    const { exitCode, stdout } = await migrate("status --json");
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      migrations: [{ state: "applied" }, { state: "applied" }, { state: "applied" }],
      table: { name: "public.outbox", exists: true },
      missingColumns: ["type"],
      publication: { exists: true, publishesInsert: true, hasTable: false },
      isReady: false,
    });
  });

  it("writes nothing", async () => {
    await migrate("status");
    expect(await database.query("select from pg_class where relname = 'relay_migrations'")).toEqual(
      [],
    );
  });
});

describe("migrate print", () => {
  it("writes SQL that does the same, once and twice, and that status recognises", async () => {
    const { exitCode, stdout } = await migrate(
      "print --table orders_outbox",
      "postgres://nowhere:1/x",
    );
    expect(exitCode).toBe(0);
    await database.query(stdout);
    await database.query(stdout);
    const status = await migrate("status --table orders_outbox --json");
    expect(status.exitCode).toBe(0);
    expect(JSON.parse(status.stdout)).toMatchObject({
      migrations: [{ state: "pending" }, { state: "pending" }, { state: "pending" }],
      hasWriteOrder: true,
      isReady: true,
    });
  });
});

describe("the command line", () => {
  it.each(["", "down", "up now", "up --colour", "up --table", "status --schema="])(
    "exits 2 at `migrate %s`, with the usage on stderr",
    async (argv) => {
      const { exitCode, stdout, stderr } = await migrate(argv);
      expect(exitCode).toBe(2);
      expect(stdout).toBe("");
      expect(stderr).toContain("Usage: outbox-relay migrate");
      expect(stderr).not.toContain("cannot be read");
    },
  );

  it("shows the usage when asked", async () => {
    const { exitCode, stdout } = await migrate("--help");
    expect(exitCode).toBe(0);
    expect(stdout).toContain("--publication");
  });
});
