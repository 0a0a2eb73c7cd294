import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, describe, expect, it } from "@jest/globals";
import { IMAGES } from "../../../src/demo/services/containers.ts";
import type { Services } from "../../../src/demo/services/services.ts";
import { startServices } from "../../../src/demo/services/services.ts";
import { createDatabase, createTopics, kafkaClient, withClient } from "../../support/services.ts";

/** What the machine lacks for this file, or undefined. Nothing is pulled: a test run must not depend on a registry. */
async function whatIsMissing(): Promise<string | undefined> {
  const docker = promisify(execFile);
  try {
    await docker("docker", ["info"]);
  } catch {
    return "no Docker engine answers";
  }
  for (const image of Object.values(IMAGES)) {
    const { stdout } = await docker("docker", ["image", "ls", "--quiet", image]);
    if (stdout.trim() === "") return `the image ${image} is not there`;
  }
  return undefined;
}

const missing = await whatIsMissing();

if (missing !== undefined) {
  describe("services in containers", () => {
    it(`were not checked on this machine: ${missing}`, () => {
      process.stdout.write(`services in containers were not checked: ${missing}\n`);
      expect(process.env["TEST_SERVICES"]).not.toBe("containers"); // Then they are wanted.
    });
  });
} else {
  describe("services in containers", () => {
    let services: Services | undefined;

    afterAll(() => services?.stop());

    it("serve like the embedded ones: logical WAL, and Kafka transactions", async () => {
      services = await startServices({ TEST_SERVICES: "containers" });
      const database = await createDatabase("containers", services.postgres.url);
      await withClient(database.url, (client) =>
        client.query("select pg_create_logical_replication_slot('containers', 'pgoutput')"),
      );
      await database.drop();

      const kafka = kafkaClient([...services.kafka.brokers]);
      await createTopics(["orders"], { partitions: 2 }, kafka);
      const producer = kafka.producer({
        transactionalId: "containers",
        maxInFlightRequests: 1,
        idempotent: true,
      });
      await producer.connect();
      const transaction = await producer.transaction();
      const [sent] = await transaction.send({ topic: "orders", messages: [{ value: "v" }] });
      await transaction.commit();
      await producer.disconnect();
      expect(sent?.errorCode).toBe(0);
    }, 120_000);
  });
}
