import { describe, expect, it } from "@jest/globals";
import { SlotScan } from "../../../../src/relay/backfill/slot-scan.ts";
import type {
  ReplicationSource,
  ReplicationStream,
  StreamHandlers,
} from "../../../../src/relay/capture/replication-stream.ts";
import { RelayError } from "../../../../src/relay/errors.ts";
import { LSN_ZERO, lsn } from "../../../../src/relay/lsn.ts";
import { MODEL_OUTBOX } from "../../../support/model/model-relay.ts";
import {
  beginBytes,
  commitBytes,
  insertBytes,
  originBytes,
  relationBytes,
} from "../../../support/model/pgoutput-bytes.ts";
import { VirtualClock } from "../../../support/model/virtual-clock.ts";

const TEXT = 25;
const XID8 = 5069;
const OUTBOX = 1;
const OTHER = 2;
/** Of `beginBytes`. */
const XID = "7";
const COLUMNS = [
  ...["id", "aggregatetype", "aggregateid", "type", "payload"].map((name) => ({
    name,
    typeOid: TEXT,
  })),
  { name: "txid", typeOid: XID8 },
];

type Tell = (handlers: StreamHandlers) => void;

/** What the scan finds of `a`, `b`, `c` in what a stream tells. */
async function found(tell: Tell, isStamped = true): Promise<string[]> {
  let statuses = 0;
  const stream = (handlers: StreamHandlers): ReplicationStream =>
    ({
      identity: { walSenderTimeoutMs: 900 },
      resume: () => tell(handlers),
      sendStatus: ({ confirmed }: { confirmed: unknown }) => {
        expect(confirmed).toBe(LSN_ZERO);
        statuses += 1;
      },
      close: () => Promise.resolve(),
    }) as unknown as ReplicationStream;
  const source = { open: (handlers: StreamHandlers) => Promise.resolve(stream(handlers)) };
  const tree = [{ oid: OUTBOX, outbox: "public.outbox", isRoot: true, isPartition: false }];
  const stamped = isStamped ? ["public.outbox"] : [];
  const scan = new SlotScan({
    tables: { tree, stamped },
    columns: MODEL_OUTBOX.columns,
    ids: new Set(["a", "b", "c"]),
    until: lsn(200n),
  });
  const { signal } = new AbortController();
  const ids = await scan.run(source as unknown as ReplicationSource, new VirtualClock(), signal);
  expect(statuses).toBeLessThan(2);
  return [...ids];
}

function insert(handlers: StreamHandlers, id: string | null, table = OUTBOX, txid = XID): void {
  handlers.message(relationBytes(table, "public", `table_${table}`, COLUMNS));
  handlers.message(insertBytes(table, [id, "order", "k", "t", "{}", txid]));
}

function transaction(handlers: StreamHandlers, at: bigint, rows: () => void): void {
  handlers.message(beginBytes(lsn(at), 1_700_000_000_000));
  rows();
  handlers.message(commitBytes(lsn(at), lsn(at + 50n)));
}

describe("a reading of the slot for rows in doubt", () => {
  it("finds those that it brings, up to where the tables were read", async () => {
    const ids = await found((handlers) => {
      transaction(handlers, 100n, () => {
        insert(handlers, "a");
        insert(handlers, "unasked");
        insert(handlers, null);
      });
      transaction(handlers, 150n, () => insert(handlers, "b"));
    });
    expect(ids).toEqual(["a", "b"]);
  });

  it("ends at a keepalive where nothing more comes, but not inside of a transaction", async () => {
    const ids = await found((handlers) => {
      transaction(handlers, 100n, () => {
        handlers.keepalive(lsn(300n), true);
        insert(handlers, "a");
      });
      handlers.keepalive(lsn(199n), false);
      handlers.keepalive(lsn(200n), false);
    });
    expect(ids).toEqual(["a"]);
  });

  it("passes over other tables, and rows that are moved as the stream does", async () => {
    const tell: Tell = (handlers) =>
      transaction(handlers, 150n, () => {
        insert(handlers, "a", OTHER);
        insert(handlers, "b", OUTBOX, "5");
      });
    expect(await found(tell)).toEqual([]);
    expect(await found(tell, false)).toEqual(["b"]);
  });

  it("takes no row of a transaction that was replicated from another server for a moved one", async () => {
    const ids = await found((handlers) =>
      transaction(handlers, 150n, () => {
        handlers.message(originBytes("another server"));
        insert(handlers, "b", OUTBOX, "5");
      }),
    );
    expect(ids).toEqual(["b"]);
  });

  it("fails with what ended the stream, or with what keeps the stream from being read", async () => {
    const details = { code: "POSTGRES_UNREACHABLE", remedy: "retry", hint: "wait" } as const;
    const broke = new RelayError("the link broke", details);
    await expect(found((handlers) => handlers.closed(broke))).rejects.toBe(broke);
    const renamed = (handlers: StreamHandlers): void =>
      transaction(handlers, 150n, () => {
        handlers.message(relationBytes(OUTBOX, "public", "outbox", COLUMNS.slice(1)));
        handlers.message(insertBytes(OUTBOX, ["order", "k", "t", "{}", XID]));
      });
    await expect(found(renamed)).rejects.toMatchObject({ code: "COLUMN_MISSING" });
  });
});
