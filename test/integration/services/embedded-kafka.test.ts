import { existsSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { Kafka, logLevel } from "kafkajs";
import type { EmbeddedKafka } from "../../../src/demo/services/embedded-kafka.ts";
import { startKafka } from "../../../src/demo/services/embedded-kafka.ts";
import { createTopics, kafkaClient, until, withAdmin } from "../../support/services.ts";

const DEADLINE_MS = 20_000;

describe("an embedded Kafka of three brokers", () => {
  let cluster: EmbeddedKafka;

  const liveBrokers = (): Promise<number> =>
    withAdmin(async (admin) => (await admin.describeCluster()).brokers.length, client());
  const client = () => kafkaClient([...cluster.brokers]);

  const ends = (topic: string): Promise<number> =>
    withAdmin(
      async (admin) =>
        (await admin.fetchTopicOffsets(topic)).reduce((sum, { high }) => sum + Number(high), 0),
      client(),
    );

  async function send(topic: string, key: string): Promise<void> {
    const producer = client().producer({ retry: { retries: 20, initialRetryTime: 200 } });
    await producer.connect();
    await producer.send({ topic, acks: -1, messages: [{ key, value: key }] });
    await producer.disconnect();
  }

  beforeAll(async () => {
    cluster = await startKafka({ brokers: 3 });
  }, 180_000);

  afterAll(() => cluster?.stop());

  it("keeps serving while one broker is killed, and takes it back on its old port and data", async () => {
    await createTopics(["failover"], { partitions: 3, replicationFactor: 3 }, client());
    await send("failover", "before");
    await cluster.kill(0);
    expect(cluster.pids).toHaveLength(2);
    await send("failover", "without");
    await cluster.start(0);
    await until(async () => (await liveBrokers()) === 3, DEADLINE_MS, "the broker to come back");
    await send("failover", "after");
    await until(async () => (await ends("failover")) === 3, DEADLINE_MS, "all three records");
    expect(cluster.pids).toHaveLength(3);
  });

  it("takes a broker back that was shut down in good order", async () => {
    await cluster.shutDown(1);
    expect(cluster.pids).toHaveLength(2);
    await cluster.start(1);
    await until(async () => (await liveBrokers()) === 3, DEADLINE_MS, "the broker to come back");
    expect(cluster.pids).toHaveLength(3);
  });

  it("can be frozen: connections open and nothing answers until it thaws", async () => {
    await createTopics(["frozen"], { partitions: 1, replicationFactor: 1 }, client());
    for (const index of [0, 1, 2]) cluster.freeze(index);
    const impatient = new Kafka({
      brokers: [...cluster.brokers],
      logLevel: logLevel.NOTHING,
      connectionTimeout: 5_000,
      requestTimeout: 500,
      retry: { retries: 0 },
    });
    await expect(withAdmin((admin) => admin.listTopics(), impatient)).rejects.toThrow(
      /timed? ?out/i,
    );
    for (const index of [0, 1, 2]) cluster.thaw(index);
    await send("frozen", "late");
    await until(async () => (await ends("frozen")) === 1, DEADLINE_MS, "the record");
  });

  it("refuses an index that it does not have", () => {
    expect(() => cluster.freeze(3)).toThrow("there is no broker 3");
  });

  it("leaves no process and no data behind", async () => {
    const { pids, logs } = cluster;
    expect(existsSync(logs)).toBe(true);
    await cluster.stop();
    expect(existsSync(logs)).toBe(false);
    expect(pids.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([]);
  });
});
