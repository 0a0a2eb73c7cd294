import { expect, it } from "@jest/globals";
import { RefusingBrokers, row } from "./refusing-brokers.ts";

const PRODUCE = 0;
const TIMEOUT_MS = 60_000;

it("a transaction that brokers abort after its time is named by its age and the setting, and no other relay is blamed", async () => {
  const brokers = new RefusingBrokers({ transactionTimeoutMs: TIMEOUT_MS });
  brokers.cluster.createTopic("events", 1);
  brokers.edit = ({ apiKey, payload }, answer) => {
    if (apiKey !== PRODUCE || !payload.includes("slow")) return answer;
    brokers.clock.shiftMs += TIMEOUT_MS + 1_000;
    brokers.cluster.transactions.expire();
    return answer;
  };
  for (let attempts = 0; attempts < 5; attempts++) {
    const problem = await brokers.attempt([row("events", "slow")]);
    expect(problem).toMatchObject({ code: "FENCED", remedy: "reopen" });
    expect(problem?.message).toMatch(
      /open for 61\d{3} ms, longer than RELAY_TRANSACTION_TIMEOUT \(60000 ms\)/,
    );
    expect(problem?.hint).toContain("smaller batches");
  }
  // What follows is smaller.
  expect(brokers.sink.batchBytesMax).toBeLessThan(10_000);
});
