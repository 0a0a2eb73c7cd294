import { describe } from "@jest/globals";
import { systemClock } from "../../src/ops/system-clock.ts";
import { InstantChannel } from "../support/brokers/instant-channel.ts";
import { ModelCluster } from "../support/brokers/model-cluster.ts";
import { brokerContract } from "./broker-contract.ts";
import { Probe } from "./probe.ts";

describe("a model broker", () => {
  brokerContract({
    async probe() {
      const random = (): number => Math.random();
      const options = { brokers: 1, transactionVersion: 2, random, markerDelayMsMax: 5 } as const;
      const cluster = new ModelCluster(options, systemClock);
      cluster.createTopic("contract", 2);
      const probe = new Probe(new InstantChannel(cluster, systemClock), "contract");
      await probe.ready();
      return probe;
    },
  });
});
