import type { RelayFixture } from "../../../support/relay/fixture.ts";
import { roleNames } from "../plan/draw-world.ts";
import type { WorldPlan } from "../plan/world-plan.ts";
import { RELAY_PASSWORD } from "./create-schema.ts";

/** Soon enough for a world of seconds. */
const HASTE = {
  RELAY_STATUS_INTERVAL: "100ms",
  RELAY_CHECKPOINT_INTERVAL: "200ms",
  RELAY_RETRY_INITIAL: "50ms",
  RELAY_RETRY_MAX: "500ms",
  RELAY_BATCH_LINGER: "0",
  RELAY_STANDBY_POLL_INTERVAL: "100ms",
  RELAY_SHUTDOWN_TIMEOUT: "5s",
};

/** What relay and operator run with. `columns`: settings that somebody changed on the way. */
export function relaySettings(
  plan: WorldPlan,
  fixture: RelayFixture,
  columns: Readonly<Record<string, string>>,
): Record<string, string> {
  const names = roleNames(plan);
  return {
    ...fixture.settings,
    ...HASTE,
    RELAY_DATABASE_URL: databaseUrl(plan, fixture),
    RELAY_TABLES: plan.tables.map(({ schema, name }) => `${schema}.${name}`).join(","),
    RELAY_COLUMN_ID: names.id,
    RELAY_COLUMN_ROUTE: names.route,
    RELAY_COLUMN_KEY: names.key,
    RELAY_COLUMN_TYPE: names.type,
    RELAY_COLUMN_PAYLOAD: names.payload,
    ...(names.headers !== "headers" && { RELAY_COLUMN_HEADERS: names.headers }),
    RELAY_SNAPSHOT: plan.snapshot,
    RELAY_DELIVERY: plan.delivery,
    RELAY_BATCH_MAX_EVENTS: String(plan.batchEvents),
    ...columns,
  };
}

function databaseUrl({ role }: WorldPlan, { database, names }: RelayFixture): string {
  if (role === "superuser") return database.url;
  const url = new URL(database.url);
  url.username = `${names.slot}_r`;
  url.password = RELAY_PASSWORD;
  return url.href;
}
