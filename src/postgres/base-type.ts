/**
 * SQL for the OID of the type that a value is stored and sent as: the base type of a domain, through domains of domains;
 * any other type itself. The stream resolves domains the same way (`UserTypes`).
 *
 * `type`: an SQL expression that gives the OID of a type.
 */
export function baseTypeOid(type: string): string {
  return `(with recursive chain (oid, base) as (
            select oid, typbasetype from pg_type where oid = ${type}
            union all
            select t.oid, t.typbasetype from chain join pg_type t on t.oid = chain.base)
          select oid from chain where base = 0)`;
}
