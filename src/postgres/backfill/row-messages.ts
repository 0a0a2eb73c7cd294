import type { BackfillTable } from "./backfill-table.ts";

// RELATION and INSERT of pgoutput, protocol 1, as a server writes them (docs of PostgreSQL, "Logical Replication Message
// Formats"), so that rows read from the table take the same way as rows of the stream.

const REPLICA_IDENTITY_DEFAULT = "d";
const NO_TYPE_MODIFIER = -1;

export function relationMessage({ oid, schema, name, columns }: BackfillTable): Uint8Array {
  const head = Buffer.alloc(5);
  head.write("R");
  head.writeUInt32BE(oid, 1);
  const count = Buffer.alloc(3);
  count.write(REPLICA_IDENTITY_DEFAULT);
  count.writeUInt16BE(columns.length, 1);
  const parts = columns.map((column) => {
    const type = Buffer.alloc(8);
    type.writeUInt32BE(column.typeOid);
    type.writeInt32BE(NO_TYPE_MODIFIER, 4);
    return Buffer.concat([Buffer.of(0), Buffer.from(`${column.name}\0`), type]);
  });
  return Buffer.concat([head, Buffer.from(`${schema}\0${name}\0`), count, ...parts]);
}

/** `values`: each column's text, as its type's output function writes it. */
export function insertMessage(oid: number, values: readonly (string | null)[]): Uint8Array {
  const head = Buffer.alloc(8);
  head.write("I");
  head.writeUInt32BE(oid, 1);
  head.write("N", 5);
  head.writeUInt16BE(values.length, 6);
  const parts = values.map((value) => {
    if (value === null) return Buffer.from("n");
    const text = Buffer.from(value);
    const length = Buffer.alloc(5);
    length.write("t");
    length.writeInt32BE(text.length, 1);
    return Buffer.concat([length, text]);
  });
  return Buffer.concat([head, ...parts]);
}
