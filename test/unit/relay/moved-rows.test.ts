import { describe, expect, it } from "@jest/globals";
import type { CatalogAnswer } from "../../../src/relay/capture/catalog-lookup.ts";
import { StreamTally } from "../../../src/relay/capture/stream-tally.ts";
import { textOf } from "../../../src/relay/event/ascii.ts";
import type { EndedTransaction } from "../../../src/relay/intake.ts";
import { Intake } from "../../../src/relay/intake.ts";
import { lsn } from "../../../src/relay/lsn.ts";
import { OutboxRelations } from "../../../src/relay/outbox-relations.ts";
import { headerOf } from "../../../src/relay/record/record-view.ts";
import { TimelineHistory } from "../../../src/relay/timeline-history.ts";
import { MODEL_OUTBOX } from "../../support/model/model-relay.ts";
import type { ColumnValue } from "../../support/model/pgoutput-bytes.ts";
import {
  beginBytes,
  commitBytes,
  insertBytes,
  originBytes,
  relationBytes,
} from "../../support/model/pgoutput-bytes.ts";

const OID = 1;
const XID8 = 5069;
const TEXT = 25;
/** Of `beginBytes`. */
const XID = 7;
const LAST_XID = 2 ** 32 - 1;

interface Outcome {
  readonly ids: string[];
  readonly positions: string[];
  readonly moved: EndedTransaction["moved"];
  readonly rows: number;
  readonly tally: StreamTally;
}

/** Rows `r1`, `r2`, ... of one transaction with these values of txid. */
async function outcome(
  txids: readonly ColumnValue[],
  table: {
    readonly isStamped?: boolean;
    readonly type?: number;
    readonly skipTo?: number;
    readonly isReplicated?: boolean;
  } = {},
): Promise<Outcome> {
  const { isStamped = true, type = XID8, skipTo = 0, isReplicated = false } = table;
  const answer: CatalogAnswer = {
    systemId: "1",
    lsn: lsn(1n),
    tree: [{ oid: OID, outbox: "public.outbox", isRoot: true, isPartition: false }],
    stamped: isStamped ? ["public.outbox"] : [],
    headed: [],
    isBroad: false,
    asked: null,
  };
  const lookup = { catalog: () => Promise.resolve(answer) };
  const { signal } = new AbortController();
  const relations = new OutboxRelations(lookup, MODEL_OUTBOX, signal, {
    watermark: () => null,
  });
  await relations.load("1", null);
  const seen: Outcome = { ids: [], positions: [], moved: null, rows: 0, tally: new StreamTally() };
  let ended: EndedTransaction | null = null;
  const target = {
    begin: () => undefined,
    record: (record: Parameters<typeof headerOf>[0]) => {
      seen.ids.push(textOf(headerOf(record, "id") ?? new Uint8Array(0)));
      seen.positions.push(textOf(headerOf(record, "position") ?? new Uint8Array(0)).substring(26));
    },
    commit: (transaction: EndedTransaction) => {
      ended = transaction;
    },
  };
  const counts = { tally: seen.tally, backfillUntil: null };
  const intake = new Intake(MODEL_OUTBOX, new TimelineHistory(1, null), target, counts, relations);
  if (skipTo > 0) intake.skipTo({ commitLsn: lsn(16n), index: skipTo, endLsn: null });
  const names = ["id", "aggregatetype", "aggregateid", "type", "payload"];
  const columns = [
    ...names.map((name) => ({ name, typeOid: TEXT })),
    { name: "txid", typeOid: type },
  ];
  intake.message(relationBytes(OID, "public", "outbox", columns));
  intake.message(beginBytes(lsn(16n), 1_700_000_000_000));
  if (isReplicated) intake.message(originBytes("another server"));
  for (const [i, txid] of txids.entries()) {
    intake.message(insertBytes(OID, [`r${i + 1}`, "order", "k", "placed", "{}", txid]));
  }
  intake.message(commitBytes(lsn(16n), lsn(64n)));
  const { moved, rows } = ended as unknown as EndedTransaction;
  return { ...seen, moved, rows };
}

function binary(xid: bigint): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(xid);
  return bytes;
}

describe("a row of a partitioned outbox table", () => {
  it("is passed over when an earlier transaction inserted it; rows after it keep their place", async () => {
    const { ids, positions, moved, rows, tally } = await outcome(["7", "6", "7", "5", null]);
    expect(ids).toEqual(["r1", "r3", "r5"]);
    expect(positions).toEqual(["00000001", "00000003", "00000005"]);
    expect([rows, tally.moved, tally.rows("public.outbox").wal]).toEqual([5, 2, 5]);
    expect(moved).toEqual({ commitLsn: 16n, rows: 2, id: "r2", index: 2 });
  });

  it.each<[string, ColumnValue, boolean]>([
    ["of this transaction", String(XID), false],
    ["of this transaction, in a later epoch", String(2 ** 32 + XID), false],
    ["of this transaction, in binary", binary(2n ** 32n + BigInt(XID)), false],
    ["of the one before", String(XID - 1), true],
    ["of the one before, in binary", binary(BigInt(XID - 1)), true],
    ["of one before the ids began again", String(LAST_XID), true],
    ["the oldest that is older", String(XID - (2 ** 31 - 1) + 2 ** 32), true],
    ["half the ids away", String(XID - 2 ** 31 + 2 ** 32), false],
    ["later", String(XID + 1), false],
    ["of no transaction: 0", "0", false],
    ["of no transaction: 2", "2", false],
    ["of no transaction, in binary", binary(2n), false],
    ["of an epoch whose low half is 0", String(2 ** 32), true],
    ["missing", null, false],
  ])("with a txid %s is told from a new one", async (_which, txid, isMoved) => {
    expect((await outcome([txid])).moved === null).toBe(!isMoved);
  });

  it("is published whatever a column txid of another type holds", async () => {
    expect((await outcome(["6"], { type: 20 })).ids).toEqual(["r1"]);
  });

  it("is published where rows are not stamped with the transaction's id", async () => {
    expect((await outcome(["6"], { isStamped: false })).ids).toEqual(["r1"]);
  });

  it("is published when it was replicated from another server, whose ids are others", async () => {
    const { ids, positions, moved } = await outcome(["6", "7"], { isReplicated: true });
    expect(ids).toEqual(["r1", "r2"]);
    expect(positions).toEqual(["00000001", "00000002"]);
    expect(moved).toBeNull();
  });

  it("that moved and lies below the checkpoint is dropped as covered", async () => {
    const { ids, moved } = await outcome(["6", "7"], { skipTo: 1 });
    expect([ids, moved]).toEqual([["r2"], null]);
  });
});
