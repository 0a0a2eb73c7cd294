import pg from "pg";
import { RelayError } from "../relay/errors.ts";
import type { Shard } from "../relay/shard.ts";
import type { TableName } from "./table-name.ts";
import { sqlName, sqlTableName } from "./table-name.ts";

/** `server_version_num` of the first server whose publications filter rows. */
export const FILTER_VERSION_MIN = 150000;

const HASH_VALUES = 2n ** 32n;
const HASH_DIGITS = 8;
const COLUMN = "{}";

/**
 * What MD5 is taken of, by the type of the key column. A row filter may cast nothing that goes through a type's text form
 * (measured on 15 to 18), so numbers and UUIDs are taken in their binary form.
 */
const DIGESTED: Readonly<Record<string, string>> = {
  text: COLUMN,
  varchar: `${COLUMN}::text`,
  bpchar: `${COLUMN}::text`,
  bytea: COLUMN,
  uuid: `uuid_send(${COLUMN})`,
  int2: `int2send(${COLUMN})`,
  int4: `int4send(${COLUMN})`,
  int8: `int8send(${COLUMN})`,
};

/** First value of the hash, 8 hexadecimal digits, that is the shard's, and the first that is not any more; null: no bound. */
export interface ShardBounds {
  readonly from: string | null;
  readonly below: string | null;
}

/**
 * The shards divide the range of the first 32 bits of the key's MD5 into parts that differ by one value at most. MD5 is the same in
 * every version of Postgres and everywhere else; a part that ends where the next one begins leaves nothing out.
 */
export function shardBounds({ index, count }: Shard): ShardBounds {
  return {
    from: index === 0 ? null : bound(index, count),
    below: index === count - 1 ? null : bound(index + 1, count),
  };
}

function bound(index: number, count: number): string {
  const value = (BigInt(index) * HASH_VALUES + BigInt(count) - 1n) / BigInt(count);
  return value.toString(16).padStart(HASH_DIGITS, "0");
}

/**
 * The condition for a row to be the shard's, in SQL that a row filter may hold. A NULL key is the first shard's: with a plain comparison it
 * would be nobody's. Null for a column of a type that cannot be digested; `type`: `pg_type.typname`.
 */
export function shardCondition(shard: Shard, column: string, type: string): string | null {
  return condition(shard, pg.escapeIdentifier(column), type);
}

function condition(shard: Shard, column: string, type: string): string | null {
  if (!Object.hasOwn(DIGESTED, type)) return null;
  const digested = DIGESTED[type] as string;
  const { from, below } = shardBounds(shard);
  const hash = `COALESCE(md5(${digested.replace(COLUMN, () => column)}), '') COLLATE "C"`;
  const lower = from === null ? [] : [`${hash} >= '${from}'`];
  const upper = below === null ? [] : [`${hash} < '${below}'`];
  return [...lower, ...upper].map((bounded) => `(${bounded})`).join(" AND ");
}

/** Whether a filter, as the catalog writes it, is that of the shard. */
export function isShardFilter(filter: string, shard: Shard, column: string, type: string): boolean {
  const expected = condition(shard, column, type);
  return expected !== null && plain(filter) === plain(expected);
}

/**
 * Without what the server's writing adds to it: parentheses, casts of texts to text, quotes around names. Nothing that is the same after
 * that means something else: the conditions know no operators but AND and one comparison on each side of it.
 */
function plain(expression: string): string {
  return expression.replaceAll(/::text|[\s()"]/g, "");
}

/** Publications of this server filter no rows. `version`: `server_version_num`, null when it was not asked. */
export function tooOldForShards(version: number | null): RelayError {
  const seen = version === null ? "an older one" : `Postgres ${Math.trunc(version / 10_000)}`;
  const message = `RELAY_SHARD needs Postgres 15, whose publications filter rows; the server is ${seen}`;
  return new RelayError(message, {
    code: "CONFIG_SERVER_VERSION",
    remedy: "halt",
    hint: "Upgrade Postgres, or run one relay without RELAY_SHARD.",
  });
}

/** Rows cannot be divided by this column; `type`: null when it was not told. */
export function keyUnfit(table: TableName, column: string, type: string | null): RelayError {
  const seen = type === null ? "" : `, ${type}`;
  const message = `RELAY_SHARD divides rows by column ${sqlName(column)} of table ${sqlTableName(table)} (RELAY_COLUMN_KEY), and cannot by its type${seen}`;
  return new RelayError(message, {
    code: "CONFIG_COLUMN",
    remedy: "halt",
    hint: `Set RELAY_COLUMN_KEY to a column of type ${Object.keys(DIGESTED).join(", ")}, or run one relay without RELAY_SHARD. A domain over one of them does not do: Postgres allows no user-made type in a row filter.`,
  });
}
