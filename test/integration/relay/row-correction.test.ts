import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { ALL_DELIVERED } from "../../support/relay/delivery-check.ts";
import { RelayFixture } from "../../support/relay/fixture.ts";

let fixture: RelayFixture;

beforeAll(async () => {
  fixture = await RelayFixture.create("correction");
});

afterAll(async () => {
  await fixture.close();
});

async function succeeds(argv: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await fixture.command(argv);
  expect(`${code} ${stderr}`).toBe("0 ");
  return stdout;
}

// The steps of docs/runbooks/ROW_NULL.md, "A row that has to change".
describe("a row that can never be published as it was written", () => {
  it("is corrected in the table, and a repair publishes it and all that waited behind it, once", async () => {
    const relay = await fixture.streaming();
    await fixture.insert("k", '{"seq": 1}');
    await fixture.caughtUp(relay);
    const { rows } = await fixture.client.query<{ id: string }>(
      `insert into outbox (aggregatetype, aggregateid, type, payload, headers)
       values ('order', 'k', 'Placed', '{"seq": 2}', '{"attempt": 3}') returning id::text`,
    );
    await fixture.insert("k", '{"seq": 3}');
    await relay.reaches("failed", "ROW_HEADERS");
    expect(await relay.stop()).toBe(0);

    await fixture.client.query(`update outbox set headers = '{"attempt": "3"}' where id = $1`, [
      rows[0]?.id,
    ]);
    await succeeds(["slot", "drop", "--confirm", fixture.names.slot]);
    expect(await succeeds(["repair", "--plan"])).toContain("would be sent: 2");
    await succeeds(["repair"]);
    const next = await fixture.streaming();
    await fixture.caughtUp(next);

    const records = await fixture.read();
    expect(records.map(({ value }) => value?.toString())).toEqual([
      '{"seq": 1}',
      '{"seq": 2}',
      '{"seq": 3}',
    ]);
    expect(records[1]?.headers["attempt"]).toBe("3");
    expect(await fixture.delivery()).toMatchObject(ALL_DELIVERED);
  });
});
