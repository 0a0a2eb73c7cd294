import { afterAll, describe, expect, it } from "@jest/globals";
import {
  createDatabase,
  createTopics,
  kafkaClient,
  testNames,
  until,
  withAdmin,
  withClient,
} from "../../support/services.ts";

describe("the services shared by all test files", () => {
  const names = testNames("services");

  it("gives each file a database of its own, on a server with logical WAL", async () => {
    const database = await createDatabase("services");
    const found = await withClient(database.url, async (client) => {
      await client.query("select pg_create_logical_replication_slot($1, 'pgoutput')", [names.slot]);
      const { rows } = await client.query("select current_database() as name");
      return (rows as { name: string }[])[0]?.name;
    });
    expect(found).toBe(database.name);
    await database.drop();
    await expect(withClient(database.url, (client) => client.query("select 1"))).rejects.toThrow(
      "does not exist",
    );
  });

  it("creates topics that can be written to at once, transactions included", async () => {
    const topic = `${names.topicPrefix}orders`;
    await createTopics([topic], { partitions: 3 });
    const producer = kafkaClient().producer({
      transactionalId: names.slot,
      maxInFlightRequests: 1,
      idempotent: true,
    });
    await producer.connect();
    const transaction = await producer.transaction();
    await transaction.send({ topic, messages: [{ key: "k", value: "v" }] });
    await transaction.commit();
    await producer.disconnect();
    // EndTxn answers before the brokers have written its markers, and the end offset waits for those.
    const ends = async (): Promise<number[]> =>
      withAdmin(async (admin) =>
        (await admin.fetchTopicOffsets(topic)).map(({ high }) => Number(high)),
      );
    const sum = (offsets: number[]): number => offsets.reduce((total, offset) => total + offset, 0);
    await until(async () => sum(await ends()) === 2, 10_000, "the record and its commit marker");
    expect(await ends()).toHaveLength(3);
  });

  afterAll(() =>
    withAdmin((admin) => admin.deleteTopics({ topics: [`${names.topicPrefix}orders`] })),
  );
});
