import { describe, expect, it } from "@jest/globals";
import { OutboxRelations } from "../../../src/relay/outbox-relations.ts";
import { MODEL_TABLE_OID } from "../../support/model/model-catalog.ts";
import { ModelPostgres } from "../../support/model/model-postgres.ts";
import { MODEL_OPTIONS } from "../../support/model/model-relay.ts";

describe("a checkpoint from before another table took the outbox table's name", () => {
  it("remembers the table that had it then, and a later one the other", async () => {
    const postgres = new ModelPostgres();
    const { signal } = new AbortController();
    const relations = new OutboxRelations(postgres, MODEL_OPTIONS.outbox, signal, {
      watermark: () => null,
    });
    const roots = new Map([["public.outbox", MODEL_TABLE_OID]]);
    await relations.load("1", { roots, children: [], decisions: [] });
    const before = postgres.walEnd;
    postgres.tables.alter(MODEL_TABLE_OID, { name: "outbox_tmp" });
    const next = postgres.tables.create("outbox");
    postgres.otherWal(100);
    const transaction = { commitLsn: postgres.walEnd, commitMs: 0, xid: 1 };
    await relations.ask({ oid: next, transaction });
    expect(relations.known(before)?.roots).toEqual(roots);
    expect(relations.known(postgres.walEnd)?.roots).toEqual(new Map([["public.outbox", next]]));
  });
});
