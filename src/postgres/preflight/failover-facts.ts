import type { Ask } from "./read-facts.ts";

/** What decides whether the slot, and what was published, outlive the loss of the primary. */
export interface FailoverFacts {
  /** `server_version_num`: 180004 is 18.4. */
  readonly version: number;
  readonly isInRecovery: boolean;
  /** Whether our slot is to be synchronised to standbys; null without a slot, and before 17. */
  readonly isFailoverSlot: boolean | null;
  /** `synchronized_standby_slots`. */
  readonly awaitedSlots: readonly string[];
  readonly physicalSlots: readonly PhysicalSlot[];
  /** Standbys that receive WAL, as far as the role may see. */
  readonly standbysConnected: number;
}

export interface PhysicalSlot {
  readonly name: string;
  readonly active: boolean;
  readonly isLost: boolean;
}

/** Who has no right to see more sees of every walsender the pid and its name, which is enough to leave the logical ones out; the functions behind pg_stat_replication need no right to the view. */
const FAILOVER = `
  select current_setting('server_version_num')::int as "version",
         pg_is_in_recovery() as "isInRecovery",
         (ours.slot ->> 'failover')::bool as "isFailoverSlot",
         coalesce(current_setting('synchronized_standby_slots', true), '') as "awaited",
         coalesce((
           select jsonb_agg(jsonb_build_object('name', p.slot_name, 'active', p.active,
                    'isLost', coalesce(p.wal_status = 'lost', false)) order by p.slot_name)
             from pg_replication_slots p where p.slot_type = 'physical' and not p.temporary
         ), '[]') as "physicalSlots",
         (select count(*)::int from pg_stat_get_wal_senders() w left join pg_stat_get_activity(null) a on a.pid = w.pid
           where coalesce(a.application_name, '') not like 'relay:%'
             and coalesce(a.application_name, '') <> 'pg_basebackup'
             and coalesce(w.state, 'streaming') in ('streaming', 'catchup')
             and not exists (select from pg_replication_slots l
                              where l.slot_type = 'logical' and l.active_pid = w.pid)
         ) as "standbysConnected"
    from (select 1) as one
    left join (select to_jsonb(s) as slot from pg_replication_slots s where s.slot_name = $1) as ours on true`;

export async function readFailover(ask: Ask, slot: string): Promise<FailoverFacts> {
  const [found] = await ask<Omit<FailoverFacts, "awaitedSlots"> & { readonly awaited: string }>(
    FAILOVER,
    [slot],
  );
  if (found === undefined) throw new Error("a query without a condition answered no row");
  const { awaited, ...facts } = found;
  const names = awaited.split(",").map((name) => name.trim().replace(/^"(.*)"$/, "$1"));
  return { ...facts, awaitedSlots: names.filter((name) => name !== "") };
}
