import { afterEach, describe } from "@jest/globals";
import { KafkajsChannel } from "../../src/kafka/kafkajs-channel.ts";
import { createTopics, kafkaBrokers, uniqueName } from "../support/services.ts";
import { brokerContract } from "./broker-contract.ts";
import { Probe } from "./probe.ts";

const channels: KafkajsChannel[] = [];

afterEach(() => {
  for (const channel of channels.splice(0)) channel.close();
});

describe("a real broker", () => {
  brokerContract({
    async probe() {
      const topic = uniqueName("contract");
      await createTopics([topic], { partitions: 2 });
      const limits = { connectTimeoutMs: 5_000, requestTimeoutMs: 10_000 };
      const channel = new KafkajsChannel({
        brokers: kafkaBrokers(),
        clientId: "contract",
        ...limits,
      });
      channels.push(channel);
      const probe = new Probe(channel, topic);
      await probe.ready();
      return probe;
    },
  });
});
