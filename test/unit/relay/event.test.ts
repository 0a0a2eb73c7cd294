import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { PgoutputDecoder } from "../../../src/relay/decode/pgoutput-decoder.ts";
import { textOf } from "../../../src/relay/event/ascii.ts";
import { NativeFormat } from "../../../src/relay/event/formats/native.ts";
import { outboxTable } from "../../../src/relay/event/outbox-table.ts";
import { RouteTopics } from "../../../src/relay/event/route-topics.ts";
import { RowReader } from "../../../src/relay/event/row-reader.ts";
import { TopicTemplate } from "../../../src/relay/event/topic-template.ts";
import { lsn } from "../../../src/relay/lsn.ts";
import type { RecordParts } from "../../../src/relay/record/pack-record.ts";
import { unpackRecord } from "../../../src/relay/record/record-view.ts";
import { TimelineHistory } from "../../../src/relay/timeline-history.ts";
import { MODEL_OPTIONS } from "../../support/model/model-relay.ts";
import type { ColumnValue } from "../../support/model/pgoutput-bytes.ts";
import { insertBytes, relationBytes, typeBytes } from "../../support/model/pgoutput-bytes.ts";

const OID = { bytea: 17, int8: 20, int4: 23, text: 25, uuid: 2950, jsonb: 3802, point: 600 };
type Columns = Readonly<Record<string, readonly [typeOid: number, value: ColumnValue]>>;

const ROW: Columns = {
  id: [OID.text, "e-1"],
  aggregatetype: [OID.text, "Order"],
  aggregateid: [OID.text, "42"],
  type: [OID.text, "OrderPlaced"],
  payload: [OID.jsonb, '{"a": 1.10}'],
};

/** What one row becomes: bytes in, record out. `types`: TYPE messages that the server sends first. */
function recordOf(
  columns: Columns,
  template = "outbox.event.${routedByValue}",
  types: readonly Uint8Array[] = [],
): RecordParts {
  const { outbox } = MODEL_OPTIONS;
  const reader = new RowReader(outbox.columns, new TimelineHistory(3, null));
  reader.begin({ commitLsn: lsn(0xabcdefn), commitMs: 1_700_000_000_000, xid: 7 });
  const format = new NativeFormat(new RouteTopics(new TopicTemplate(template)));
  const records: RecordParts[] = [];
  const decoder = new PgoutputDecoder({
    begin: () => undefined,
    commit: () => undefined,
    replicated: () => undefined,
    insert: (relation, tuple) => {
      const table = outboxTable(relation, outbox.columns);
      records.push(unpackRecord(format.record(reader.read(table, tuple, 0x1f))));
    },
  });
  const names = Object.entries(columns).map(([name, [typeOid]]) => ({ name, typeOid }));
  for (const type of types) decoder.decode(type);
  decoder.decode(relationBytes(1, "public", "outbox", names));
  decoder.decode(
    insertBytes(
      1,
      Object.values(columns).map(([, value]) => value),
    ),
  );
  return records[0] as RecordParts;
}

function headersOf(record: RecordParts): [string, string | null][] {
  return record.headers.map(({ name, value }) => [
    textOf(name),
    value === null ? null : textOf(value),
  ]);
}

describe("an outbox row as a record", () => {
  it("has the routed topic, the key, the payload untouched, the commit's time and the relay's headers in order", () => {
    const record = recordOf(ROW);
    expect(record.topic).toBe("outbox.event.Order");
    expect(textOf(record.key)).toBe("42");
    expect(textOf(record.value as Uint8Array)).toBe('{"a": 1.10}');
    expect(record.timestampMs).toBe(1_700_000_000_000);
    expect(headersOf(record)).toEqual([
      ["id", "e-1"],
      ["type", "OrderPlaced"],
      ["position", "00000003/0000000000ABCDEF/0000001F"],
    ]);
  });

  it("keeps integers beyond 2^53, decimals with zeros and multi-byte text as they are", () => {
    const payload = '{"n": 9007199254740993, "d": 1.10, "t": "Grüße, 世界 🚚"}';
    expect(textOf(recordOf({ ...ROW, payload: [OID.jsonb, payload] }).value as Uint8Array)).toBe(
      payload,
    );
  });

  it("is a tombstone for an SQL NULL payload, and not for a JSON null or an empty text", () => {
    expect(recordOf({ ...ROW, payload: [OID.jsonb, null] }).value).toBeNull();
    expect(textOf(recordOf({ ...ROW, payload: [OID.jsonb, "null"] }).value as Uint8Array)).toBe(
      "null",
    );
    expect(recordOf({ ...ROW, payload: [OID.text, ""] }).value).toHaveLength(0);
  });

  it("carries raw bytes for bytea, from its text form and from its binary form", () => {
    const bytes = Uint8Array.of(0, 255, 65);
    expect([...(recordOf({ ...ROW, payload: [OID.bytea, "\\x00ff41"] }).value ?? [])]).toEqual([
      ...bytes,
    ]);
    expect([...(recordOf({ ...ROW, payload: [OID.bytea, bytes] }).value ?? [])]).toEqual([
      ...bytes,
    ]);
  });

  it("reads the binary forms of uuid, jsonb and integers as their text", () => {
    const id = Buffer.from("0123456789abcdef0123456789abcdef", "hex");
    const key = Buffer.alloc(8);
    key.writeBigInt64BE(-9007199254740993n);
    const payload = Buffer.concat([Uint8Array.of(1), Buffer.from("{}")]);
    const record = recordOf({
      ...ROW,
      id: [OID.uuid, id],
      aggregateid: [OID.int8, key],
      payload: [OID.jsonb, payload],
    });
    expect(headersOf(record)[0]).toEqual(["id", "01234567-89ab-cdef-0123-456789abcdef"]);
    expect(textOf(record.key)).toBe("-9007199254740993");
    expect(textOf(record.value as Uint8Array)).toBe("{}");
  });

  it("reads a domain as its base type, in text and in binary, in every column", () => {
    const own = { bytes: 16_388, id: 16_390, json: 16_392, number: 16_394 };
    const types = [
      typeBytes(own.bytes, "", "bytea"),
      typeBytes(own.id, "", "uuid"),
      typeBytes(own.json, "", "jsonb"),
      typeBytes(own.number, "", "int4"),
    ];
    const id = Buffer.from("0123456789abcdef0123456789abcdef", "hex");
    const binary = recordOf(
      {
        ...ROW,
        id: [own.id, id],
        type: [own.number, Buffer.from([0xff, 0xff, 0xff, 0xfe])],
        payload: [own.bytes, Uint8Array.of(0, 255, 65)],
        headers: [own.json, Buffer.concat([Uint8Array.of(1), Buffer.from('{"a": "b"}')])],
      },
      undefined,
      types,
    );
    expect(headersOf(binary).map(([, value]) => value)).toEqual([
      "01234567-89ab-cdef-0123-456789abcdef",
      "-2",
      expect.any(String),
      "b",
    ]);
    expect([...(binary.value ?? [])]).toEqual([0, 255, 65]);
    const text: Columns = { ...ROW, aggregateid: [own.bytes, "\\x4100"] };
    const record = recordOf({ ...text, payload: [own.bytes, "\\x00ff410a"] }, undefined, types);
    expect([...record.key]).toEqual([0x41, 0]);
    expect([...(record.value ?? [])]).toEqual([0, 255, 0x41, 0x0a]);
  });

  it("takes a user type with the name of a built-in one for what it is", () => {
    const types = [typeBytes(16_388, "public", "bytea")];
    const record = recordOf({ ...ROW, payload: [16_388, "\\x00"] }, undefined, types);
    expect(textOf(record.value as Uint8Array)).toBe("\\x00");
  });

  it("takes the last description of a type", () => {
    const types = [typeBytes(16_388, "", "bytea"), typeBytes(16_388, "public", "mood")];
    const record = recordOf({ ...ROW, payload: [16_388, "\\x00"] }, undefined, types);
    expect(textOf(record.value as Uint8Array)).toBe("\\x00");
  });

  it("appends the row's own headers after the relay's", () => {
    const headers: Columns[string] = [OID.jsonb, '{"correlation-id": "c", "note": null}'];
    expect(headersOf(recordOf({ ...ROW, headers })).slice(3)).toEqual([
      ["correlation-id", "c"],
      ["note", null],
    ]);
    expect(headersOf(recordOf({ ...ROW, headers: [OID.jsonb, null] }))).toHaveLength(3);
  });

  it("keeps a byte order mark in its route, so that the name of its topic is none of another row", () => {
    for (const route of ["\ufefforder", `\ufeff${"o".repeat(70)}`]) {
      const { topic } = recordOf({ ...ROW, aggregatetype: [OID.text, route] });
      expect(topic).toBe(`outbox.event.${route}`);
    }
  });

  it("can go to one fixed topic", () => {
    expect(recordOf(ROW, "all-events").topic).toBe("all-events");
  });

  it.each(["id", "aggregatetype", "aggregateid", "type"])(
    "is refused when %s is NULL, naming the column",
    (column) => {
      const poisoned = { ...ROW, [column]: [OID.text, null] } as Columns;
      const problem = {
        code: "ROW_NULL",
        message: expect.stringContaining(`column ${column} is NULL`),
      };
      expect(() => recordOf(poisoned)).toThrow(expect.objectContaining(problem));
    },
  );

  it.each(["[1]", '"text"', "{", '{"a": 1}', '{"id": "x"}', '{"position": "x"}'])(
    "is refused when its headers are %s, without showing them",
    (headers) => {
      const read = (): unknown => recordOf({ ...ROW, headers: [OID.text, headers] });
      expect(read).toThrow(expect.objectContaining({ code: "ROW_HEADERS" }));
      expect(read).toThrow(
        /the outbox row with id e-1 \(row 31 of the transaction committed at 0\/ABCDEF\)/,
      );
    },
  );

  it("is refused when a column has a binary form that is not known", () => {
    const read = (): unknown => recordOf({ ...ROW, aggregateid: [OID.point, new Uint8Array(16)] });
    expect(read).toThrow(expect.objectContaining({ code: "ROW_TYPE" }));
  });

  it("halts when the table has lost a required column, naming table and column", () => {
    const { aggregateid: _, ...without } = ROW;
    const problem = {
      code: "COLUMN_MISSING",
      message: expect.stringMatching(/public\.outbox.*aggregateid/),
    };
    expect(() => recordOf(without)).toThrow(expect.objectContaining(problem));
  });

  it("keeps any payload byte for byte", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const hex = `\\x${Buffer.from(bytes).toString("hex")}`;
        expect(recordOf({ ...ROW, payload: [OID.bytea, hex] }).value).toEqual(
          new Uint8Array(bytes),
        );
      }),
    );
  });
});
