import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { InvariantError } from "../../../src/relay/errors.ts";
import { formatLsn, LSN_ZERO, lsn, parseLsn } from "../../../src/relay/lsn.ts";
import { covers, formatPosition } from "../../../src/relay/position.ts";
import { furtherProgress } from "../../../src/relay/progress.ts";
import type { Checkpoint } from "../../../src/relay/settle/checkpoint.ts";
import { decodeCheckpoint, encodeCheckpoint } from "../../../src/relay/settle/checkpoint.ts";
import { Ladder } from "../../../src/relay/settle/ladder.ts";

const CHECKPOINT: Checkpoint = {
  systemId: "7710423577706192090",
  timeline: 2,
  commitLsn: lsn(0x100n),
  index: 3,
  endLsn: lsn(0x130n),
  keepaliveLsn: lsn(0x120n),
  config: "c",
  shard: "0/2",
  publication: "p",
  catalog: null,
  tree: null,
  databaseOid: null,
  halt: null,
  decision: null,
  watermark: { snapshot: "7:9:8", lsn: lsn(0x110n), atMs: Date.UTC(2026, 0, 1) },
  pending: null,
  slotSnapshot: null,
  witness: 7,
  tables: {
    roots: new Map([["public.outbox", 16_385]]),
    children: [16_999],
    decisions: [{ table: "public.gone", publish: true, until: lsn(0x140n) }],
    headers: new Map([["public.outbox", lsn(0x90n)]]),
  },
  instance: "relay-0",
  at: "2026-01-01T00:00:00.000Z",
};

const anyLsn = fc.bigInt({ min: 0n, max: 0xffffffffffffffffn }).map(lsn);

describe("LSNs and positions", () => {
  it("parse what they format, also with the leading zeros of Postgres 19", () => {
    fc.assert(fc.property(anyLsn, (value) => expect(parseLsn(formatLsn(value))).toBe(value)));
    expect(parseLsn("0/01787340")).toBe(0x1787340n);
    expect(() => parseLsn("17/")).toThrow(RangeError);
  });

  it("sort as text the way they sort as positions", () => {
    const position = fc.record({ timeline: fc.nat(), commitLsn: anyLsn, index: fc.nat() });
    fc.assert(
      fc.property(position, position, (a, b) => {
        const order =
          a.timeline - b.timeline ||
          Number(a.commitLsn > b.commitLsn) - Number(a.commitLsn < b.commitLsn) ||
          a.index - b.index;
        const textOrder =
          formatPosition(a) < formatPosition(b)
            ? -1
            : Number(formatPosition(a) > formatPosition(b));
        expect(Math.sign(order)).toBe(textOrder);
      }),
    );
  });

  it("cover the transactions before them and the first rows of their own", () => {
    const position = { timeline: 1, commitLsn: lsn(100n), index: 2 };
    expect(covers(position, lsn(99n), 1000)).toBe(true);
    expect([1, 2, 3].map((index) => covers(position, lsn(100n), index))).toEqual([
      true,
      true,
      false,
    ]);
    expect(covers(position, lsn(101n), 1)).toBe(false);
  });
});

describe("Progress", () => {
  const progress = fc.record({
    commitLsn: fc.bigInt({ min: 0n, max: 3n }).map(lsn),
    index: fc.nat({ max: 2 }),
    endLsn: fc.option(fc.constant(lsn(9n)), { nil: null }),
    keepaliveLsn: fc.bigInt({ min: 0n, max: 3n }).map(lsn),
  });

  it("never goes back when two are put together", () => {
    fc.assert(
      fc.property(progress, progress, (a, b) => {
        const further = furtherProgress(a, b);
        for (const one of [a, b]) {
          expect(further.commitLsn >= one.commitLsn).toBe(true);
          expect(further.keepaliveLsn >= one.keepaliveLsn).toBe(true);
          expect(further.commitLsn > one.commitLsn || further.index >= one.index).toBe(true);
        }
      }),
    );
  });
});

describe("the checkpoint record", () => {
  it("reads back what was written", () => {
    expect(decodeCheckpoint(encodeCheckpoint(CHECKPOINT))).toEqual(CHECKPOINT);
    const inside = { ...CHECKPOINT, endLsn: null };
    expect(decodeCheckpoint(encodeCheckpoint(inside))).toEqual(inside);
    const begun = {
      ...CHECKPOINT,
      publication: null,
      watermark: null,
      pending: "backfill",
    } as const;
    expect(decodeCheckpoint(encodeCheckpoint(begun))).toEqual(begun);
    const made = { ...begun, slotSnapshot: CHECKPOINT.watermark };
    expect(decodeCheckpoint(encodeCheckpoint(made))).toEqual(made);
  });

  it("holds a watermark up to what it covers; one byte above is a bug", () => {
    const progress = { commitLsn: lsn(0x100n), endLsn: null, keepaliveLsn: lsn(0n) };
    const shown = (at: bigint): Checkpoint => ({
      ...CHECKPOINT,
      ...progress,
      watermark: { snapshot: "7:9:8", lsn: lsn(at), atMs: 0 },
    });
    expect(decodeCheckpoint(encodeCheckpoint(shown(0x100n)))).toEqual(shown(0x100n));
    expect(() => encodeCheckpoint(shown(0x101n))).toThrow(InvariantError);
    // What a backfill began with is kept until it is complete.
    const begun = { ...shown(0x101n), pending: "backfill" } as const;
    expect(decodeCheckpoint(encodeCheckpoint(begun))).toEqual(begun);
  });

  it("gives up a stored watermark that is ahead of it: a repair then looks at every row", () => {
    const text = new TextDecoder().decode(encodeCheckpoint(CHECKPOINT));
    const early = new TextEncoder().encode(text.replace('"lsn":"0/110"', '"lsn":"0/131"'));
    expect(decodeCheckpoint(early)).toEqual({ ...CHECKPOINT, watermark: null });
  });

  it("is versioned JSON with LSNs as hex text", () => {
    expect(JSON.parse(new TextDecoder().decode(encodeCheckpoint(CHECKPOINT)))).toEqual({
      v: 1,
      sysid: "7710423577706192090",
      tli: 2,
      commit: "0/100",
      index: 3,
      end: "0/130",
      keepalive: "0/120",
      snapshot: { xids: "7:9:8", lsn: "0/110", at: "2026-01-01T00:00:00.000Z" },
      publication: "p",
      pending: null,
      witness: 7,
      tables: {
        roots: { "public.outbox": 16_385 },
        children: [16_999],
        decisions: [{ table: "public.gone", publish: true, until: "0/140" }],
        headers: { "public.outbox": "0/90" },
      },
      config: "c",
      shard: "0/2",
      instance: "relay-0",
      at: "2026-01-01T00:00:00.000Z",
    });
  });

  it.each([
    ["not JSON", "CHECKPOINT_UNREADABLE"],
    ["null", "CHECKPOINT_UNREADABLE"],
    ['{"v":2}', "CHECKPOINT_NEWER"],
    [
      '{"v":1,"sysid":"1","tli":1,"commit":"0/0","index":0,"end":null,"keepalive":"0/0","config":"","pending":"x","instance":"","at":""}',
      "CHECKPOINT_NEWER",
    ],
    [
      '{"v":1,"sysid":"1","tli":1,"commit":"0/0","index":0,"end":null,"keepalive":"0/0","config":"","snapshot":7,"instance":"","at":""}',
      "CHECKPOINT_UNREADABLE",
    ],
    ['{"v":1,"sysid":"1"}', "CHECKPOINT_UNREADABLE"],
    [
      '{"v":1,"sysid":"1","tli":1,"commit":"x","index":0,"end":null,"keepalive":"0/0","config":"","instance":"","at":""}',
      "CHECKPOINT_UNREADABLE",
    ],
    ...[
      "{}",
      '{"roots":{"public.outbox":"x"},"children":[],"decisions":[]}',
      '{"roots":{},"children":[],"decisions":[{"table":"t","publish":true,"until":"x"}]}',
    ].map(
      (tables) =>
        [
          `{"v":1,"sysid":"1","tli":1,"commit":"0/0","index":0,"end":null,"keepalive":"0/0","config":"","tables":${tables},"instance":"","at":""}`,
          "CHECKPOINT_UNREADABLE",
        ] as const,
    ),
  ])("halts at %s", (text, code) => {
    const decode = (): unknown => decodeCheckpoint(new TextEncoder().encode(text));
    expect(decode).toThrow(expect.objectContaining({ code, remedy: "halt" }));
  });
});

describe("Ladder", () => {
  it("refuses a position that would pass the one above it", () => {
    const ladder = new Ladder();
    ladder.raise("received", lsn(10n));
    ladder.raise("decoded", lsn(10n));
    expect(() => ladder.raise("confirmed", lsn(10n))).toThrow(InvariantError);
    expect(() => ladder.raise("published", lsn(11n))).toThrow(InvariantError);
    expect(ladder.at("confirmed")).toBe(LSN_ZERO);
  });

  it("never goes back", () => {
    const ladder = new Ladder();
    ladder.raise("received", lsn(10n));
    ladder.raise("received", lsn(5n));
    expect(ladder.at("received")).toBe(10n);
  });
});
