import { describe, expect, it } from "@jest/globals";
import { CopyFrames } from "../../../src/postgres/copy-frames.ts";
import { Gate } from "../../../src/relay/backfill/gate.ts";
import { copyOf } from "../../../src/relay/copy-of.ts";
import { PgoutputDecoder } from "../../../src/relay/decode/pgoutput-decoder.ts";
import { Field } from "../../../src/relay/event/field.ts";
import { NativeFormat } from "../../../src/relay/event/formats/native.ts";
import { outboxTable } from "../../../src/relay/event/outbox-table.ts";
import { PoisonError } from "../../../src/relay/event/poison.ts";
import { RouteTopics } from "../../../src/relay/event/route-topics.ts";
import { RowReader } from "../../../src/relay/event/row-reader.ts";
import { TopicTemplate } from "../../../src/relay/event/topic-template.ts";
import { lsn } from "../../../src/relay/lsn.ts";
import { TimelineHistory } from "../../../src/relay/timeline-history.ts";
import { collectGarbage } from "../../support/heap.ts";
import { LentMemory } from "../../support/model/lent-memory.ts";
import { MODEL_OPTIONS } from "../../support/model/model-relay.ts";
import { SILENT_HANDLERS } from "../../support/model/model-stream.ts";
import { insertBytes, relationBytes } from "../../support/model/pgoutput-bytes.ts";

/** Of the same place among those that are remembered. */
const ROUTE = "quote";
const SAME_PLACE = "visit";
const PLACE_OF_EMPTY = "order27";
const LARGE_BYTES = 1_200_000;

function topics(): RouteTopics {
  return new RouteTopics(new TopicTemplate("outbox.event.${routedByValue}"));
}

/** A message that comes in pieces, so that it is gathered in memory of its own. */
function inPieces(frames: CopyFrames, message: Buffer): void {
  const pieceBytes = 65_536;
  for (let at = 0; at < message.length; at += pieceBytes)
    frames.push(message.subarray(at, at + pieceBytes));
}

function copyData(bytes: number, text: string): Buffer {
  const message = Buffer.alloc(bytes);
  message.write("d");
  message.writeInt32BE(bytes - 1, 1);
  message.write(text, 5);
  return message;
}

/** What a row without a payload column's rights is refused with. */
function refusalOf(columns: Readonly<Record<string, string | null>>): unknown {
  const { outbox } = MODEL_OPTIONS;
  const reader = new RowReader(outbox.columns, new TimelineHistory(3, null));
  reader.begin({ commitLsn: lsn(1n), commitMs: 1, xid: 7 });
  const format = new NativeFormat(topics());
  const memory = new LentMemory();
  let refusal: unknown = null;
  const decoder = new PgoutputDecoder({
    begin: () => undefined,
    replicated: () => undefined,
    commit: () => undefined,
    insert: (relation, tuple) => {
      format.record(reader.read(outboxTable(relation, outbox.columns), tuple, 0));
    },
  });
  const names = Object.keys(columns).map((name) => ({ name, typeOid: 25 }));
  memory.lend(relationBytes(1, "public", "outbox", names), (lent) => decoder.decode(lent));
  try {
    memory.lend(insertBytes(1, Object.values(columns)), (lent) => decoder.decode(lent));
  } catch (error) {
    refusal = error;
  }
  memory.lend(Buffer.alloc(500, "x"), () => undefined);
  return refusal;
}

describe("bytes that a driver lends", () => {
  it("give each row its own topic, whatever comes to lie where a former route lay", () => {
    const known = topics();
    const memory = new LentMemory();
    const field = new Field();
    const seen = [ROUTE, SAME_PLACE, ROUTE, SAME_PLACE].map((route) =>
      memory.lend(Buffer.from(route), (lent) => {
        field.set(lent, 0, lent.length);
        return known.of(field);
      }),
    );
    expect(seen).toEqual([ROUTE, SAME_PLACE, ROUTE, SAME_PLACE].map((r) => `outbox.event.${r}`));
  });

  it("give an empty route its own topic after a row whose memory was given back", () => {
    const known = topics();
    const field = new Field();
    const seen: string[] = [];
    const frames = new CopyFrames({
      copyData: (bytes, from) => {
        field.set(bytes, from, from + PLACE_OF_EMPTY.length);
        seen.push(known.of(field));
      },
      other: () => undefined,
    });
    inPieces(frames, copyData(LARGE_BYTES, PLACE_OF_EMPTY));
    field.set(Buffer.from("x"), 0, 0);
    expect([...seen, known.of(field)]).toEqual([`outbox.event.${PLACE_OF_EMPTY}`, "outbox.event."]);
  });

  it("are free for collection once a row's route is known", async () => {
    const known = topics();
    const field = new Field();
    const rows: WeakRef<ArrayBufferLike>[] = [];
    const frames = new CopyFrames({
      copyData: (bytes, from) => {
        rows.push(new WeakRef(bytes.buffer));
        field.set(bytes, from, from + ROUTE.length);
        known.of(field);
      },
      other: () => undefined,
    });
    inPieces(frames, copyData(900_000, ROUTE));
    field.set(Buffer.alloc(1), 0, 0);
    // What a WeakRef gave out once lives until the end of the turn.
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();
    expect(rows.map((row) => row.deref())).toEqual([undefined]);
  });

  it("are handed on as they were, although the gate was closed when they came", () => {
    const passed: string[] = [];
    const gate = new Gate({
      ...SILENT_HANDLERS,
      message: (bytes) => passed.push(Buffer.from(bytes).toString()),
    });
    const memory = new LentMemory();
    for (const text of ["first", "other"]) {
      memory.lend(Buffer.from(text), (lent) => gate.message(lent));
    }
    gate.open();
    expect(passed).toEqual(["first", "other"]);
  });

  it.each([
    ["a column that is NULL", { type: null, payload: "{}" }],
    ["headers that are no object", { type: "t", payload: "{}", headers: "[]" }],
  ])("do not change the id of a row that is refused for %s", (_, rest) => {
    const refusal = refusalOf({ id: "e-17", aggregatetype: "r", aggregateid: "k", ...rest });
    expect(refusal).toBeInstanceOf(PoisonError);
    expect(Buffer.from((refusal as PoisonError).place.id ?? []).toString()).toBe("e-17");
  });
});

describe("a copy", () => {
  it.each([
    ["a Buffer", Buffer.from("abc")],
    ["an array of bytes", new Uint8Array([97, 98, 99])],
    ["a view", Buffer.from("xabc").subarray(1)],
  ])("of %s keeps its content when the original changes", (_, original) => {
    const copy = copyOf(original);
    original.fill(0);
    expect(Buffer.from(copy).toString()).toBe("abc");
  });
});
