import type { EmbeddedKafka } from "../../src/demo/services/embedded-kafka.ts";
import { archiveClasses, startKafka } from "../../src/demo/services/embedded-kafka.ts";
import type { TestPostgres } from "../../src/demo/services/embedded-postgres.ts";
import { startPostgres } from "../../src/demo/services/embedded-postgres.ts";

declare global {
  var services: { postgres: TestPostgres; kafka: EmbeddedKafka } | undefined;
}

/** Runs once before the integration project; test files find the services in the environment. */
export default async function globalSetup(): Promise<void> {
  await archiveClasses();
  const [postgres, kafka] = await Promise.allSettled([startPostgres(), startKafka()]);
  if (postgres.status === "rejected" || kafka.status === "rejected") {
    if (postgres.status === "fulfilled") await postgres.value.stop();
    if (kafka.status === "fulfilled") await kafka.value.stop();
    const reasons = [postgres, kafka].flatMap((part) =>
      part.status === "rejected" ? [part.reason] : [],
    );
    throw new AggregateError(reasons, `a test service did not start: ${reasons.join("; ")}`);
  }
  process.env["TEST_POSTGRES_URL"] = postgres.value.url;
  process.env["TEST_KAFKA_BROKERS"] = kafka.value.brokers.join(",");
  globalThis.services = { postgres: postgres.value, kafka: kafka.value };
}
