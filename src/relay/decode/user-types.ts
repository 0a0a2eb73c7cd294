import { ByteReader } from "./byte-reader.ts";
import { TYPE_OID } from "./type-oid.ts";

/** Namespace of built-in types in a TYPE message: pg_catalog is sent as an empty name. */
const BUILT_IN = "";

/**
 * The user-made types that the stream has described so far. Before a RELATION the server sends one TYPE message for each
 * user-made type of its columns: the type's own OID, and the name of its base type (measured on 14 and 18; `getBaseType`
 * resolves domains of domains). So the base type is the one of the row's own time, whatever became of the type since.
 */
export class UserTypes {
  readonly #baseOids = new Map<number, number>();

  /** Takes a TYPE message (docs of PostgreSQL, "Logical Replication Message Formats"). */
  described(message: Uint8Array): void {
    const reader = new ByteReader(message, 1);
    const oid = reader.uint32();
    const namespace = reader.name();
    const base = namespace === BUILT_IN ? builtIn(reader.name()) : undefined;
    if (base === undefined) this.#baseOids.delete(oid);
    else this.#baseOids.set(oid, base);
  }

  /** The base type's OID for a domain over a type that is read in a form of its own; any other type's own OID. */
  base(oid: number): number {
    return this.#baseOids.get(oid) ?? oid;
  }
}

/** By `pg_type.typname`. Types without an OID here are text to the relay under any OID. */
function builtIn(name: string): number | undefined {
  return Object.hasOwn(TYPE_OID, name) ? TYPE_OID[name as keyof typeof TYPE_OID] : undefined;
}
