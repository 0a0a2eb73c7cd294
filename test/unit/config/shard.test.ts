import { describe, expect, it } from "@jest/globals";
import { load, MINIMAL, problemsOf } from "../../support/config/loading.ts";

describe("RELAY_SHARD", () => {
  it("names slot, publication, checkpoint and transactional ids after the shard", () => {
    const { config, originOf } = load({ ...MINIMAL, RELAY_SHARD: "1/3" });
    expect(config).toMatchObject({
      shard: { index: 1, count: 3 },
      slot: { name: "outbox_relay_s1of3" },
      publication: { name: "outbox_relay_s1of3" },
      checkpoint: { topic: "outbox-relay.checkpoint.outbox_relay_s1of3" },
      transaction: { idPrefix: "outbox-relay.outbox_relay_s1of3" },
    });
    expect(originOf("slot.name")).toEqual({ from: "derived", name: null });
  });

  it("leaves everything as it is when it is not set", () => {
    const { config } = load(MINIMAL);
    expect(config.shard).toBeNull();
    expect(config.slot.name).toBe("outbox_relay");
  });

  it("takes names of one's own that no two shards can share", () => {
    const names = { RELAY_SLOT_NAME: "orders_s0of2", RELAY_PUBLICATION_NAME: "Orders_s0of2" };
    const { config } = load({ ...MINIMAL, RELAY_SHARD: "0/2", ...names });
    expect(config.checkpoint.topic).toBe("outbox-relay.checkpoint.orders_s0of2");
    expect(problemsOf({ ...MINIMAL, RELAY_SHARD: "1/2", ...names })).toEqual([
      expect.stringContaining("RELAY_SLOT_NAME=orders_s1of2"),
      expect.stringContaining("RELAY_PUBLICATION_NAME=Orders_s1of2"),
    ]);
  });

  it.each(["2/2", "1/1", "0/1", "0/33", "-1/2", "0", "0/", "1/2/3", "01/2", "a/b", " 0/2"])(
    "refuses %j and says how shards are counted",
    (value) => {
      const [problem, ...others] = problemsOf({ ...MINIMAL, RELAY_SHARD: value });
      expect(others).toEqual([]);
      expect(problem).toContain("i from 0 to n-1");
    },
  );
});
