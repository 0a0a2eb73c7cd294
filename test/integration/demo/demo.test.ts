import { afterEach, describe, expect, it } from "@jest/globals";
import { postgresUrl, withAdmin, withClient } from "../../support/services.ts";
import { until } from "../../support/until.ts";
import { DemoProcess, processesWith } from "./demo-process.ts";

const demos: DemoProcess[] = [];

function demo(...flags: readonly string[]): DemoProcess {
  const started = new DemoProcess(...flags);
  demos.push(started);
  return started;
}

afterEach(() => {
  for (const one of demos.splice(0)) one.kill();
});

/** Databases, slots and topics that carry the name of a run. */
async function leftAt(name: string): Promise<string[]> {
  const sql = `select datname as name from pg_database where datname = $1
    union all select slot_name from pg_replication_slots where slot_name = $1`;
  const inPostgres = await withClient(postgresUrl(), async (client) => {
    const { rows } = await client.query<{ name: string }>(sql, [name]);
    return rows.map((row) => row.name);
  });
  const topics = await withAdmin((admin) => admin.listTopics());
  return [...inPostgres, ...topics.filter((topic) => topic.startsWith(name))];
}

/** Nobody puts away for a demo that was killed, but on a server of its own that goes with it. */
async function dropLeftovers(name: string): Promise<void> {
  await withClient(postgresUrl(), async (client) => {
    const slots = "from pg_replication_slots where slot_name = $1 and not active";
    await until(
      async () => {
        const { rowCount } = await client.query(
          `select pg_drop_replication_slot(slot_name) ${slots}`,
          [name],
        );
        return rowCount === 1;
      },
      10_000,
      `the slot ${name} to be let go`,
    );
    await client.query(`drop database ${name} with (force)`);
  });
  await withAdmin(async (admin) => {
    const topics = (await admin.listTopics()).filter((topic) => topic.startsWith(name));
    await admin.deleteTopics({ topics });
  });
}

async function expectNothingLeft(run: DemoProcess): Promise<void> {
  // The server deletes a topic after it has answered that it will.
  await until(
    async () => (await leftAt(run.name)).length === 0,
    10_000,
    () => `everything named ${run.name} to go`,
  );
  expect(processesWith(run.name)).toEqual([]);
}

describe("the demo", () => {
  it("kills the relay, stops a group, and finds nothing lost, duplicated or out of order", async () => {
    const run = demo("--seconds", "12");
    const code = await run.exitCode();
    expect({ code, said: code === 0 ? "" : run.output }).toEqual({ code: 0, said: "" });
    const committed = run.count("events committed in Postgres");
    expect(committed).toBeGreaterThan(100);
    expect(run.count("events rolled back in Postgres")).toBeGreaterThan(0);
    expect(run.count("events published in Kafka")).toBe(committed);
    for (const group of ["payment", "inventory", "notification"]) {
      expect(run.count(`events consumed by ${group}`)).toBe(committed);
    }
    expect(run.count("lost")).toBe(0);
    expect(run.count("duplicated")).toBe(0);
    expect(run.count("out of order")).toBe(0);
    expect(run.count("published though never committed")).toBe(0);
    expect(run.output).toContain("the relay was killed with SIGKILL");
    expect(run.output).toMatch(/behind: payment +\d+ inventory +\d+ notification +\d+ DOWN/);
    await expectNothingLeft(run);
  }, 60_000);

  it("leaves no process, database, slot or topic when it is interrupted", async () => {
    const run = demo();
    await run.says(/the shop is open/);
    expect(processesWith(run.name)).not.toEqual([]);
    run.signal("SIGINT");
    expect(await run.exitCode()).toBe(130);
    await expectNothingLeft(run);
  }, 60_000);

  it("stays with --keep, prints the addresses, counts what is inserted by hand, and ends with Ctrl-C", async () => {
    const run = demo("--keep", "--seconds", "4");
    await run.says(/left running/);
    await run.says(/psql /);
    const url = /^ +Postgres +(\S+)$/m.exec(run.output)?.[1] ?? "";
    const insert = /-c "(insert [^"]+)"/.exec(run.output)?.[1] ?? "";
    const events = run.count("events committed in Postgres") + 1;
    await withClient(url, (client) => client.query(insert));
    await run.says(
      new RegExp(`behind: payment +0 inventory +0 notification +0 .* events +${events} `),
    );
    run.signal("SIGINT");
    expect(await run.exitCode()).toBe(130);
    await expectNothingLeft(run);
  }, 60_000);

  it("says so and fails when the relay ends by itself", async () => {
    const run = demo();
    await run.says(/the shop is open/);
    process.kill(run.relayPid, "SIGKILL");
    expect(await run.exitCode()).toBe(1);
    expect(run.output).toContain("the relay ended by itself (SIGKILL)");
    await expectNothingLeft(run);
  }, 60_000);

  it("leaves no relay behind when it is killed", async () => {
    const run = demo();
    await run.says(/the shop is open/);
    const { name } = run;
    run.signal("SIGKILL");
    await run.exitCode();
    await until(
      () => processesWith(name).length === 0,
      10_000,
      () => `to end: ${processesWith(name).join("\n")}`,
    );
    expect(processesWith(name)).toEqual([]);
    await dropLeftovers(name);
  }, 60_000);

  it("refuses an unknown option with its usage", async () => {
    const run = demo("--fast");
    expect(await run.exitCode()).toBe(2);
    expect(run.output).toContain("Usage: npm run demo");
  });
});
