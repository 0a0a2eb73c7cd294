import type { KafkaService, PostgresService } from "./services.ts";

export const IMAGES = { postgres: "postgres:18", kafka: "confluentinc/cp-kafka:8.1.0" } as const;

/** Postgres in a container. Loaded on demand: testcontainers is for development and takes half a second to load. */
export async function startContainerPostgres(): Promise<PostgresService> {
  const { PostgreSqlContainer } = await import("@testcontainers/postgresql");
  const settings = ["wal_level=logical", "max_replication_slots=40", "max_wal_senders=40"];
  const flags = [...settings, "max_connections=200", "wal_sender_timeout=10s", "fsync=off"];
  const container = await new PostgreSqlContainer(IMAGES.postgres)
    .withDatabase("postgres")
    .withUsername("postgres")
    .withPassword("postgres")
    .withCommand(["postgres", ...flags.flatMap((flag) => ["-c", flag])])
    .start();
  return {
    url: container.getConnectionUri(),
    stop: async () => void (await container.stop()),
  };
}

/** One broker of Kafka in a container. */
export async function startContainerKafka(): Promise<KafkaService> {
  const { KafkaContainer } = await import("@testcontainers/kafka");
  const container = await new KafkaContainer(IMAGES.kafka)
    .withKraft()
    .withEnvironment({
      // Else InitProducerId waits for a topic that needs three brokers.
      KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: "1",
      KAFKA_AUTO_CREATE_TOPICS_ENABLE: "false",
      KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: "0",
    })
    .start();
  return {
    brokers: [`${container.getHost()}:${container.getMappedPort(9093)}`],
    stop: async () => void (await container.stop()),
  };
}
