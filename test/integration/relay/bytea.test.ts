import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { RelayFixture } from "../../support/relay/fixture.ts";

let fixture: RelayFixture;

beforeAll(async () => {
  fixture = await RelayFixture.create("bytea");
  await fixture.client.query("alter table outbox alter payload type bytea using null");
});

afterAll(async () => {
  await fixture.close();
});

describe("a payload of type bytea", () => {
  it("arrives byte for byte, also zeros, invalid UTF-8 and nothing at all", async () => {
    const relay = await fixture.streaming();
    const every = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    const payloads = [every, Buffer.from([0xff, 0xfe, 0x00, 0x5c]), Buffer.alloc(0), null];
    for (const payload of payloads) {
      await fixture.client.query(
        "insert into outbox (aggregatetype, aggregateid, type, payload) values ('order', 'k', 'T', $1)",
        [payload],
      );
    }
    await fixture.caughtUp(relay);
    expect((await fixture.read()).map(({ value }) => value)).toEqual(payloads);
  });
});
