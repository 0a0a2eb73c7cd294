import type { Lsn } from "../../../src/relay/lsn.ts";

const POSTGRES_EPOCH_MS = 946_684_800_000;

/** Bytes of pgoutput messages as a server writes them (protocol 1). */
export function beginBytes(commitLsn: Lsn, commitMs: number): Uint8Array {
  const bytes = Buffer.alloc(21);
  bytes.write("B");
  bytes.writeBigUInt64BE(commitLsn, 1);
  bytes.writeBigInt64BE(BigInt(commitMs - POSTGRES_EPOCH_MS) * 1000n, 9);
  bytes.writeInt32BE(7, 17);
  return bytes;
}

/** Comes behind BEGIN for a transaction that was replicated; `name`: of the replication origin. */
export function originBytes(name: string): Uint8Array {
  const bytes = Buffer.alloc(9);
  bytes.write("O");
  return Buffer.concat([bytes, Buffer.from(`${name}\0`)]);
}

export function commitBytes(commitLsn: Lsn, endLsn: Lsn): Uint8Array {
  const bytes = Buffer.alloc(26);
  bytes.write("C");
  bytes.writeBigUInt64BE(commitLsn, 2);
  bytes.writeBigUInt64BE(endLsn, 10);
  return bytes;
}

export interface ColumnSpec {
  readonly name: string;
  readonly typeOid: number;
}

export function relationBytes(
  oid: number,
  schema: string,
  name: string,
  columns: readonly ColumnSpec[],
): Uint8Array {
  const head = Buffer.alloc(5);
  head.write("R");
  head.writeUInt32BE(oid, 1);
  const count = Buffer.alloc(3);
  count.write("d");
  count.writeUInt16BE(columns.length, 1);
  const parts = columns.map((column) => {
    const tail = Buffer.alloc(8);
    tail.writeUInt32BE(column.typeOid, 0);
    tail.writeInt32BE(-1, 4);
    return Buffer.concat([Buffer.from([0]), Buffer.from(`${column.name}\0`), tail]);
  });
  return Buffer.concat([head, Buffer.from(`${schema}\0${name}\0`), count, ...parts]);
}

/** `name`: of the base type for a domain, as the server resolves it; an empty `schema` stands for pg_catalog. */
export function typeBytes(oid: number, schema: string, name: string): Uint8Array {
  const head = Buffer.alloc(5);
  head.write("Y");
  head.writeUInt32BE(oid, 1);
  return Buffer.concat([head, Buffer.from(`${schema}\0${name}\0`)]);
}

/** A text value, a binary one, or SQL NULL. */
export type ColumnValue = string | Uint8Array | null;

export function insertBytes(oid: number, values: readonly ColumnValue[]): Uint8Array {
  const head = Buffer.alloc(8);
  head.write("I");
  head.writeUInt32BE(oid, 1);
  head.write("N", 5);
  head.writeUInt16BE(values.length, 6);
  const parts = values.map((value) => {
    if (value === null) return Buffer.from("n");
    const bytes = typeof value === "string" ? Buffer.from(value) : value;
    const length = Buffer.alloc(5);
    length.write(typeof value === "string" ? "t" : "b");
    length.writeInt32BE(bytes.length, 1);
    return Buffer.concat([length, bytes]);
  });
  return Buffer.concat([head, ...parts]);
}
