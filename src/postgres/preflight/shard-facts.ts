import { RelayError } from "../../relay/errors.ts";
import type { Shard } from "../../relay/shard.ts";
import { nameInShard, otherShards, shardSuffix } from "../../relay/shard.ts";
import type { PostgresOptions } from "../replication-source.ts";
import type { TableName } from "../table-name.ts";
import type { PublicationFacts } from "./facts.ts";
import type { Ask } from "./read-facts.ts";
import { readPublications } from "./read-facts.ts";

/** Names of ours, from which those of other relays of the same tables follow. */
export interface ShardNames {
  readonly shard: Shard | null;
  readonly slot: string;
  readonly publication: string;
}

export function shardNames({ slot, publications, shard = null }: PostgresOptions): ShardNames {
  return { shard, slot, publication: publications[0] ?? slot };
}

/** Another relay of the same division: each shard needs one. */
export interface SiblingFacts {
  readonly shard: Shard;
  readonly slot: string;
  readonly publication: string;
  /** Null when there is no such slot. */
  readonly isActive: boolean | null;
  /** Null when there is no such publication. */
  readonly published: PublicationFacts | null;
}

/** A slot for the same tables that is of another division of the keys, or of none. */
export interface RivalFacts {
  readonly slot: string;
  readonly isActive: boolean;
}

export interface ShardFacts {
  readonly siblings: readonly SiblingFacts[];
  readonly rivals: readonly RivalFacts[];
  /** Why the server cannot take an MD5, as with FIPS; null when it can. */
  readonly hashFault: string | null;
}

interface SlotState {
  readonly name: string;
  readonly active: boolean;
}

const SLOTS = `
  select slot_name::text as "name", active from pg_replication_slots
   where database = current_database() and not temporary
     and (slot_name = $1 or slot_name ~ ('^' || $1 || '_s[0-9]+of[0-9]+$')) order by 1`;

/** What a query fails with for a reason that has no code of its own. */
const UNNAMED_BY_POSTGRES = "POSTGRES_ERROR";

const SUFFIX = /_s\d+of\d+$/;

export async function readShards(
  ask: Ask,
  names: ShardNames,
  tables: readonly TableName[],
): Promise<ShardFacts> {
  const { shard, slot, publication } = names;
  const slots = await ask<SlotState>(SLOTS, [baseOf(slot, shard)]);
  const publications = [
    ...new Set(slots.map(({ name }) => publicationOf(name, names))),
    ...(shard === null ? [] : otherShards(shard).map((other) => named(publication, shard, other))),
  ];
  const found = await readPublications(ask, publications, tables);
  return {
    siblings: shard === null ? [] : siblingsOf(names, shard, slots, found),
    rivals: rivalsOf(names, slots, found),
    hashFault: shard === null ? null : await hashFault(ask),
  };
}

function siblingsOf(
  { slot, publication }: ShardNames,
  own: Shard,
  slots: readonly SlotState[],
  found: readonly PublicationFacts[],
): SiblingFacts[] {
  return otherShards(own).map((shard) => {
    const names = { slot: named(slot, own, shard), publication: named(publication, own, shard) };
    const isActive = slots.find(({ name }) => name === names.slot)?.active ?? null;
    const published = found.find(({ name }) => name === names.publication) ?? null;
    return { shard, ...names, isActive, published };
  });
}

/** Those whose publication has one of our tables: others are no business of ours. */
function rivalsOf(
  names: ShardNames,
  slots: readonly SlotState[],
  found: readonly PublicationFacts[],
): RivalFacts[] {
  const { shard, slot } = names;
  const others = shard === null ? [] : otherShards(shard).map((other) => named(slot, shard, other));
  const ours = new Set([slot, ...others]);
  return slots
    .filter(({ name }) => !ours.has(name))
    .filter(({ name }) => {
      const publication = found.find((one) => one.name === publicationOf(name, names));
      return publication !== undefined && publication.members.length > 0;
    })
    .map(({ name, active }) => ({ slot: name, isActive: active }));
}

/** Settings see to it that the names of a shard end as they must. */
function named(name: string, own: Shard, other: Shard): string {
  return nameInShard(name, own, other) ?? `${name}${shardSuffix(other)}`;
}

function baseOf(name: string, shard: Shard | null): string {
  return shard === null ? name : name.replace(SUFFIX, "");
}

function publicationOf(slot: string, { shard, publication }: ShardNames): string {
  return baseOf(publication, shard) + (SUFFIX.exec(slot)?.[0] ?? "");
}

async function hashFault(ask: Ask): Promise<string | null> {
  try {
    await ask("select md5('')", []);
    return null;
  } catch (error) {
    // Anything else is told as what it is: a lost connection, a missing right.
    if (!(error instanceof RelayError) || error.code !== UNNAMED_BY_POSTGRES) throw error;
    return error.message;
  }
}
