/** OIDs of the built-in types whose binary form is read (pg_type.dat of PostgreSQL; they never change). */
export const TYPE_OID = {
  bytea: 17,
  int8: 20,
  int2: 21,
  int4: 23,
  text: 25,
  json: 114,
  bpchar: 1042,
  varchar: 1043,
  uuid: 2950,
  jsonb: 3802,
  xid8: 5069,
} as const;
