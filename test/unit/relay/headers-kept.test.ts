import { beforeEach, describe, expect, it } from "@jest/globals";
import { StreamTally } from "../../../src/relay/capture/stream-tally.ts";
import { Intake } from "../../../src/relay/intake.ts";
import { lsn } from "../../../src/relay/lsn.ts";
import { OutboxRelations } from "../../../src/relay/outbox-relations.ts";
import { TimelineHistory } from "../../../src/relay/timeline-history.ts";
import { MODEL_OPTIONS, modelRelations } from "../../support/model/model-relay.ts";
import {
  beginBytes,
  commitBytes,
  insertBytes,
  relationBytes,
} from "../../support/model/pgoutput-bytes.ts";

const TEXT = 25;
const COLUMNS = ["id", "aggregatetype", "aggregateid", "type", "payload"];
const MISSING = expect.objectContaining({ code: "COLUMN_MISSING", remedy: "halt" });

let relations: OutboxRelations;
let intake: Intake;
let published: number;

beforeEach(() => {
  begin();
});

const OUTBOX = { oid: 1, name: "outbox" };
const CHILD = { oid: 2, name: "child" };

/** A new session; `since` is what its checkpoint remembers of `public.outbox`. */
function begin(since?: bigint): void {
  beginWith(modelRelations(), since);
}

function beginWith(these: OutboxRelations, since?: bigint): void {
  relations = these;
  published = 0;
  if (since !== undefined) relations.headers.recall(new Map([["public.outbox", lsn(since)]]));
  const target = {
    begin: () => undefined,
    commit: () => undefined,
    record: () => {
      published += 1;
    },
  };
  intake = new Intake(
    MODEL_OPTIONS.outbox,
    new TimelineHistory(1, null),
    target,
    { tally: new StreamTally(), backfillUntil: null },
    relations,
  );
}

/** A row of a version of the table with this last column, in a transaction committed there. */
function row(lastColumn: string | null, commitLsn: bigint, table = OUTBOX): void {
  const names = lastColumn === null ? COLUMNS : [...COLUMNS, lastColumn];
  const values = names.map((name) => (names.indexOf(name) < COLUMNS.length ? "v" : '{"a": "1"}'));
  intake.message(
    relationBytes(
      table.oid,
      "public",
      table.name,
      names.map((name) => ({ name, typeOid: TEXT })),
    ),
  );
  intake.message(beginBytes(lsn(commitLsn), 0));
  intake.message(insertBytes(table.oid, values));
  intake.message(commitBytes(lsn(commitLsn), lsn(commitLsn + 1n)));
}

describe("a table whose rows came with headers", () => {
  it("halts the stream at the first row that comes without the column", () => {
    row("headers", 16n);
    expect(() => row("meta", 32n)).toThrow(MISSING);
    expect(published).toBe(1);
  });

  it("is remembered by the checkpoint, for rows after the first one that had them", () => {
    row(null, 8n);
    row("headers", 16n);
    const since = relations.headers.since.get("public.outbox");
    expect(since).toBe(16n);
    begin(since);
    row(null, 8n);
    expect(() => row("meta", 32n)).toThrow(MISSING);
  });

  it("is remembered from a look at the catalog before any row came, for what is committed later", () => {
    relations.headers.there("public.outbox", lsn(16n));
    row("meta", 8n);
    expect(() => row("meta", 32n)).toThrow(MISSING);
    expect([published, relations.headers.since.get("public.outbox")]).toEqual([1, 16n]);
  });

  it("keeps the earlier position, whichever of row and look came first", () => {
    relations.headers.there("public.outbox", lsn(16n));
    row("headers", 8n);
    relations.headers.there("public.outbox", lsn(32n));
    expect(relations.headers.since.get("public.outbox")).toBe(8n);
  });

  it("may do without them before the column was added", () => {
    row(null, 16n);
    row("headers", 32n);
    expect(published).toBe(2);
  });

  it("goes on without them, and is forgotten, where a person set them off", () => {
    relations = modelRelations({ headers: "" });
    relations.headers.recall(new Map([["public.outbox", lsn(16n)]]));
    relations.headers.there("public.outbox", lsn(16n));
    expect(relations.headers.expects("public.outbox", lsn(32n))).toBe(false);
    expect(relations.headers.since.size).toBe(0);
  });

  it("is none because a child of it has a column of that name of its own", async () => {
    const part = { outbox: "public.outbox", isPartition: false };
    const answer = {
      ...{ systemId: "1", lsn: lsn(1_000n), stamped: [], headed: [], isBroad: false, asked: null },
      tree: [
        { ...part, oid: OUTBOX.oid, isRoot: true },
        { ...part, oid: CHILD.oid, isRoot: false },
      ],
    };
    const lookup = { catalog: () => Promise.resolve(answer) };
    const { signal } = new AbortController();
    const asked = [lookup, MODEL_OPTIONS.outbox, signal, { watermark: () => null }] as const;
    const withChild = new OutboxRelations(...asked);
    await withChild.load("1", null);
    beginWith(withChild);
    row("headers", 16n, CHILD);
    row(null, 32n);
    expect([published, relations.headers.since.size]).toEqual([2, 0]);
    row("headers", 48n);
    expect(() => row(null, 64n, CHILD)).toThrow(MISSING);
  });
});
