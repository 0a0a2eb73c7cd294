import { expect, it } from "@jest/globals";
import { until } from "../../support/until.ts";
import { RefusingBrokers, row } from "./refusing-brokers.ts";

const NOT_ENOUGH_REPLICAS = 19;

it.each(["exactly-once", "at-least-once"] as const)(
  "with %s delivery the sink names what brokers answer while it tries again, until they take the records",
  async (delivery) => {
    const brokers = new RefusingBrokers({ delivery });
    brokers.cluster.createTopic("events", 1);
    let isRefusing = true;
    brokers.cluster.inject = ({ topic }) =>
      isRefusing && topic === "events" ? { error: NOT_ENOUGH_REPLICAS, isApplied: false } : null;
    const attempt = brokers.settle([row("events", "one", 10)]);
    await until(
      () => brokers.sink.lastFault === "NOT_ENOUGH_REPLICAS",
      5_000,
      "the broker's error",
    );
    isRefusing = false;
    expect([await attempt, brokers.sink.lastFault]).toEqual([null, null]);
    await brokers.sink.close();
  },
);
