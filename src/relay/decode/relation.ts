import { ByteReader } from "./byte-reader.ts";
import type { UserTypes } from "./user-types.ts";

export interface RelationColumn {
  readonly name: string;
  /** OID of the column's type; of the base type for a domain over a built-in type. */
  readonly typeOid: number;
}

/** A table as it stood when the rows that follow were written; replaced by each RELATION message of its OID. */
export interface Relation {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly RelationColumn[];
}

/** Reads a RELATION message (docs of PostgreSQL, "Logical Replication Message Formats"). */
export function readRelation(message: Uint8Array, types: UserTypes): Relation {
  const reader = new ByteReader(message, 1);
  const oid = reader.uint32();
  const schema = reader.name();
  const name = reader.name();
  reader.uint8(); // Replica identity: nothing to an insert.
  const columns = Array.from({ length: reader.uint16() }, () => {
    reader.uint8(); // Flags: part of the key or not.
    const column = { name: reader.name(), typeOid: types.base(reader.uint32()) };
    reader.int32(); // Type modifier.
    return column;
  });
  return { oid, schema: schemaName(schema), name, columns };
}

/** An empty namespace stands for pg_catalog. */
export function schemaName(namespace: string): string {
  return namespace === "" ? "pg_catalog" : namespace;
}
