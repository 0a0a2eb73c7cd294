import { beforeEach, describe, expect, it } from "@jest/globals";
import type { KafkaSinkOptions } from "../../../src/kafka/kafka-sink-options.ts";
import { Throttles } from "../../../src/kafka/throttles.ts";
import type { RelayError } from "../../../src/relay/errors.ts";
import { throttledAnswer } from "../../support/brokers/hostile/throttled.ts";
import { VirtualClock } from "../../support/model/virtual-clock.ts";
import { GO_ON, RefusingBrokers, row } from "./refusing-brokers.ts";

const API = { produce: 0, fetch: 1, listOffsets: 2 } as const;
/** Longer than a request may take. */
const LONG_MS = 990_000;
const SHORT_MS = 5;
const PATIENT_MS = 10_000;

let brokers: RefusingBrokers;

beforeEach(() => {
  begin({});
});

function begin(options: Partial<KafkaSinkOptions>): void {
  brokers = new RefusingBrokers(options);
  brokers.cluster.createTopic("events", 1);
}

/** The first `times` answers of this kind ask for a pause. */
function throttle(apiKey: number, ms: number, times = Number.POSITIVE_INFINITY): void {
  let left = times;
  brokers.edit = (request, answer) => {
    if (request.apiKey !== apiKey || left <= 0) return answer;
    left -= 1;
    return throttledAnswer(request, answer, ms);
  };
}

function opened(): Promise<unknown> {
  return brokers.sink.open(GO_ON).catch((error: unknown) => error);
}

describe("brokers that throttle records", () => {
  it("are named while the sink waits, and where it is closed meanwhile", async () => {
    begin({ requestTimeoutMs: PATIENT_MS });
    throttle(API.produce, LONG_MS);
    await brokers.sink.open(GO_ON);
    await brokers.sink.learn(["events"], false, GO_ON);
    const batch = { records: [row("events", "one")], checkpoint: Buffer.from("{}") };
    const published = brokers.sink.publish(batch).catch((error: unknown) => error);
    const named = `broker 1 answered Produce and asked for a pause of ${LONG_MS} ms`;
    expect(brokers.sink.lastFault).toContain(named);
    await brokers.sink.close();
    const problem = (await published) as RelayError;
    expect(problem).toMatchObject({ code: "KAFKA_CLOSED", cause: { code: "KAFKA_THROTTLED" } });
    expect((problem.cause as RelayError).message).toContain(named);
    expect((problem.cause as RelayError).hint).toContain("producer_byte_rate");
  });

  it("are not named any more once an answer asks for no pause", async () => {
    throttle(API.produce, LONG_MS, 1);
    expect(await brokers.attempt([row("events", "one")])).toBeNull();
    expect(brokers.sink.lastFault).toBeNull();
  });

  it("are named, and no row is blamed, where they answer nothing in a pause", async () => {
    throttle(API.produce, LONG_MS);
    brokers.hangsUp = ({ apiKey, payload }) => apiKey === API.produce && payload.includes("odd");
    for (let attempts = 0; attempts < 5; attempts++) {
      const problem = await brokers.attempt([row("events", "odd")]);
      expect(problem).toMatchObject({ code: "KAFKA_UNREACHABLE", remedy: "reopen" });
      expect(problem?.message).toContain(`asked for a pause of ${LONG_MS} ms`);
    }
  });
});

describe("brokers that throttle questions", () => {
  it("are named by the answer that asked for the pause where the next request is lost", async () => {
    throttle(API.listOffsets, LONG_MS);
    brokers.hangsUp = ({ apiKey }) => apiKey === API.fetch;
    const problem = (await opened()) as RelayError;
    expect(problem).toMatchObject({ code: "KAFKA_UNREACHABLE" });
    expect(problem.message).toMatch(/after Fetch was sent; before that broker 1 answered ListOff/);
  });

  it("are not blamed once the pause is over", async () => {
    const clock = new VirtualClock();
    const throttles = new Throttles(clock);
    throttles.note(1, "data", "Produce", SHORT_MS);
    expect([throttles.of(1, "data")?.code, throttles.of(2, "data")]).toEqual([
      "KAFKA_THROTTLED",
      null,
    ]);
    await clock.advance(SHORT_MS);
    expect([throttles.of(1, "data"), throttles.on("data")]).toEqual([null, null]);
  });
});

describe("brokers that give nothing of the checkpoint topic because a quota is used up", () => {
  it("are asked again once the pause is over", async () => {
    begin({ requestTimeoutMs: PATIENT_MS });
    throttle(API.fetch, SHORT_MS, 2);
    expect(await brokers.attempt([row("events", "one")])).toBeNull();
  });

  it("are named where that does not end, and nobody takes the checkpoint for unreadable", async () => {
    throttle(API.fetch, LONG_MS);
    const problem = (await opened()) as RelayError;
    expect(problem).toMatchObject({ code: "KAFKA_THROTTLED", remedy: "retry" });
    expect(problem.message).toContain("Fetch of checkpoints");
    expect(problem.hint).toContain("consumer_byte_rate");
  });
});
