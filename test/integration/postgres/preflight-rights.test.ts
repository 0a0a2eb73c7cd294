import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { Finding } from "../../../src/relay/finding.ts";
import { NEVER, OutboxDatabase } from "./outbox-database.ts";

let outbox: OutboxDatabase;

beforeEach(async () => {
  outbox = await OutboxDatabase.create();
});

afterEach(() => outbox.drop());

async function findings(connectionString: string): Promise<readonly Finding[]> {
  const database = outbox.database({ connectionString });
  try {
    return await database.preflight(NEVER);
  } finally {
    await database.close();
  }
}

/** Rights to what the system has are each database's own, so that nobody else is disturbed. */
describe("a role from which somebody has taken rights that all have", () => {
  it("starts without the views of other sessions", async () => {
    const { name, url } = await outbox.role("replication");
    await outbox.query(`grant select on outbox to ${name}`);
    await outbox.query("revoke select on pg_stat_activity, pg_stat_replication from public");
    expect(await findings(url)).toEqual([]);
  });

  it.each([
    ["pg_control_system()", "execute on function", "EXECUTE ON FUNCTION"],
    ["pg_replication_slots", "select on", "SELECT ON"],
  ])("is told by which statement it gets back %s", async (what, right, grant) => {
    const { name, url } = await outbox.role("replication");
    await outbox.query(`grant select on outbox to ${name}`);
    await outbox.query(`revoke ${right} ${what} from public`);
    const [found, ...others] = await findings(url);
    expect(found).toMatchObject({ code: "CONFIG_ROLE", severity: "halt" });
    expect(found?.sql).toEqual([`GRANT ${grant} pg_catalog.${what} TO ${name};`]);
    expect(others).toEqual([]);
    await outbox.query(found?.sql?.[0] ?? "");
    expect(await findings(url)).toEqual([]);
  });
});
