import type { FaultProxy } from "../../../support/chaos/fault-proxy.ts";
import { withClient } from "../../../support/services.ts";
import { until } from "../../../support/until.ts";
import type { Fault, Reach } from "../plan/fault.ts";
import type { Battlefield } from "./battlefield.ts";
import { during, slowDown } from "./battlefield.ts";

type Named<N extends Fault["name"]> = Extract<Fault, { name: N }>;

/** A relay whose Kafka is well lets go of a stopping server much sooner. */
const FAST_STOP_DEADLINE_MS = 30_000;

export async function postgresProxies(
  { servers, pool }: Battlefield,
  reach: Reach,
): Promise<readonly FaultProxy[]> {
  if (reach === "all") return servers.postgresProxies;
  const seat = await pool.leaderWithin(1_000);
  return servers.postgresProxies.filter((_, index) => index === seat);
}

export async function strikeSlowPostgres(
  field: Battlefield,
  fault: Named<"slow-postgres">,
): Promise<void> {
  const proxies = await postgresProxies(field, fault.reach);
  await during(proxies, slowDown(fault), () => field.hold(fault.holdMs));
}

export async function strikeBlackholePostgres(
  field: Battlefield,
  { reach, holdMs }: Named<"blackhole-postgres">,
): Promise<void> {
  const proxies = await postgresProxies(field, reach);
  await during(
    proxies,
    (proxy) => proxy.blackhole(),
    () => field.hold(holdMs),
  );
}

/** Over once a connection was cut, or nothing flowed for long. */
export async function strikeCutAfter(
  { servers, hold }: Battlefield,
  { side, direction, bytes, holdMs }: Named<"cut-after">,
): Promise<void> {
  const proxies = side === "postgres" ? servers.postgresProxies : servers.kafkaProxies;
  const cuts = (): number => proxies.reduce((sum, proxy) => sum + proxy.cuts, 0);
  const before = cuts();
  let isOver = false;
  await during(
    proxies,
    (proxy) => proxy.cutAfter(bytes, direction),
    async () => {
      void hold(holdMs).then(() => (isOver = true));
      await until(() => isOver || cuts() > before, holdMs + 10_000, "the end of a fault");
    },
  );
}

export async function strikeRestartPostgres(
  { servers: { postgres }, pool, hold }: Battlefield,
  { holdMs }: Named<"restart-postgres">,
): Promise<void> {
  const stopped = postgres.stopFast();
  await until(() => postgres.pid === undefined, FAST_STOP_DEADLINE_MS, "a fast stop").catch(
    async () => {
      pool.troubles.push(`Postgres did not stop fast within ${FAST_STOP_DEADLINE_MS} ms`);
      await postgres.stopImmediate();
    },
  );
  await stopped;
  await hold(holdMs);
  await postgres.start();
}

export async function strikeCrashPostgres(
  { servers: { postgres }, hold }: Battlefield,
  { holdMs }: Named<"crash-postgres">,
): Promise<void> {
  await postgres.stopImmediate();
  await hold(holdMs);
  await postgres.start();
}

export async function strikeWalsender({ fixture }: Battlefield): Promise<void> {
  await withClient(fixture.database.url, (client) =>
    client.query(
      "select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = $1 and active",
      [fixture.names.slot],
    ),
  );
}
