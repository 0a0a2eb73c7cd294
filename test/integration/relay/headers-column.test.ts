import { afterEach, beforeEach, expect, it } from "@jest/globals";
import { RelayFixture } from "../../support/relay/fixture.ts";

let fixture: RelayFixture;

beforeEach(async () => {
  fixture = await RelayFixture.create("headers");
});

afterEach(async () => {
  await fixture.close();
});

it.each(["running", "stopped"])(
  "a headers column that was renamed and renamed back before any row came halts a relay that was %s",
  async (was) => {
    const settings = { RELAY_CHECKPOINT_INTERVAL: "200ms", RELAY_RETRY_MAX: "500ms" };
    const relay = await fixture.streaming(settings);
    await fixture.caughtUp(relay);
    if (was === "stopped") await relay.stop();
    await fixture.client.query(`
      begin;
      alter table outbox rename column headers to meta;
      insert into outbox (aggregatetype, aggregateid, type, payload, meta) values ('order', 'k', 't', '{}', '{"a": "1"}');
      alter table outbox rename column meta to headers;
      commit`);
    const halted = was === "stopped" ? fixture.start(settings) : relay;
    const { message } = await halted.reaches("failed", "COLUMN_MISSING");
    expect(message).toContain("without the column headers");
    expect(await fixture.read()).toEqual([]);
  },
);
