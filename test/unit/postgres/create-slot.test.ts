import { describe, expect, it } from "@jest/globals";
import { explainSlotCreation } from "../../../src/postgres/create-slot.ts";
import type { OpenWriter } from "../../../src/postgres/oldest-transaction.ts";
import type { Ask } from "../../../src/postgres/preflight/read-facts.ts";

const CANCELED = Object.assign(new Error("canceling statement due to statement timeout"), {
  code: "57014",
  severity: "ERROR",
});

/** What is said about a slot that could not be made while this transaction was the oldest. */
async function told(
  oldest: Partial<OpenWriter> | null,
): Promise<{ message: string; hint: string }> {
  const session = {
    pid: 4711,
    gid: null,
    xid: "9",
    owner: "app",
    database: "shop",
    openSeconds: 912.4,
  };
  const rows = oldest === null ? [] : [{ ...session, ownRole: "relay", ...oldest }];
  const ask = (() => Promise.resolve(rows)) as unknown as Ask;
  const error = await explainSlotCreation(ask, "s", CANCELED);
  expect(error).toMatchObject({ code: "SLOT_CREATE_BLOCKED", remedy: "retry" });
  return error as Error & { hint: string };
}

describe("a slot that is not made in time", () => {
  it("names the session that holds it up, and how to end it", async () => {
    const { message, hint } = await told({});
    expect(message).toContain("the transaction of pid 4711, open for 912 s");
    expect(hint).toContain("pg_terminate_backend(4711)");
    expect(hint).not.toContain("GRANT");
  });

  it("says what a role needs that may not see when a transaction began", async () => {
    const { message, hint } = await told({ openSeconds: null, ownRole: "Relay" });
    expect(`${message} ${hint}`).not.toContain("null");
    expect(hint).toContain('GRANT pg_read_all_stats TO "Relay";');
  });

  it("names a prepared transaction, which no session shows", async () => {
    const { message, hint } = await told({ pid: null, gid: "it's forgotten" });
    expect(message).toContain("the prepared transaction 'it''s forgotten', prepared 912 s ago");
    expect(hint).toContain("ROLLBACK PREPARED 'it''s forgotten';");
    expect(hint).toMatch(/database shop as its owner app/);
    expect(hint).not.toContain("pg_stat_activity");
  });

  it("says that nobody is in the way any more where that is so", async () => {
    expect((await told(null)).message).toContain("has ended by now");
  });
});
