import type { Services } from "../../src/demo/services/services.ts";
import { startServices } from "../../src/demo/services/services.ts";

declare global {
  var testServices: Services | undefined;
}

/** Runs once before the projects that need services; test files find the addresses in the environment. */
export default async function globalSetup(): Promise<void> {
  const services = await startServices(process.env);
  process.env["TEST_POSTGRES_URL"] = services.postgres.url;
  process.env["TEST_KAFKA_BROKERS"] = services.kafka.brokers.join(",");
  globalThis.testServices = services;
}
