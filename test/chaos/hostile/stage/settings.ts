import type { RelayFixture } from "../../../support/relay/fixture.ts";
import type { WorldPlan } from "../plan/world-plan.ts";

export const STALL_RELEASE_MS = 8_000;
export const SHUTDOWN_TIMEOUT_MS = 4_000;

/** Soon enough for a world of seconds. */
const HASTE = {
  RELAY_STATUS_INTERVAL: "100ms",
  RELAY_CHECKPOINT_INTERVAL: "300ms",
  RELAY_RETRY_INITIAL: "50ms",
  RELAY_RETRY_MAX: "500ms",
  RELAY_BATCH_LINGER: "0",
  RELAY_STANDBY_POLL_INTERVAL: "100ms",
  RELAY_KAFKA_METADATA_MAX_AGE: "1s",
  RELAY_TRANSACTION_TIMEOUT: "20s",
};

/** What the relay of a world runs with. `brokers`: where it finds Kafka. */
export function relaySettings(
  plan: WorldPlan,
  fixture: RelayFixture,
  brokers: readonly string[],
): Record<string, string> {
  return {
    ...fixture.settings,
    ...HASTE,
    RELAY_KAFKA_BROKERS: brokers.join(","),
    RELAY_KAFKA_CLIENT_ID: fixture.names.slot,
    RELAY_KAFKA_REQUEST_TIMEOUT: `${plan.requestTimeoutMs}ms`,
    RELAY_KAFKA_CONNECT_TIMEOUT: `${plan.requestTimeoutMs}ms`,
    RELAY_SINK_STALL_RELEASE: `${STALL_RELEASE_MS}ms`,
    RELAY_SHUTDOWN_TIMEOUT: `${SHUTDOWN_TIMEOUT_MS}ms`,
    RELAY_SNAPSHOT: plan.isHostileFirst ? "initial" : "never",
    RELAY_DELIVERY: plan.delivery,
    RELAY_TRANSACTION_PROTOCOL: plan.protocol,
    RELAY_TRANSACTIONAL_IDS: String(plan.transactionalIds),
    RELAY_BATCH_MAX_EVENTS: String(plan.batchEvents),
    RELAY_TOPIC_AUTO_CREATE: String(plan.createsTopics),
    RELAY_TOPIC_PARTITIONS: "3",
  };
}
