import { describe, expect, it } from "@jest/globals";
import { parseProduced } from "../../../bench/systems/producer-perf.ts";

describe("what Kafka's producer benchmark prints", () => {
  it("is read from its last line, not from those while it runs", () => {
    const output = [
      "50000 records sent, 9999.0 records/sec (2.86 MB/sec), 1.0 ms avg latency, 2.0 ms max latency.",
      "500000 records sent, 183217.3 records/sec (52.42 MB/sec), 6.13 ms avg latency, 300.00 ms max latency, 5 ms 50th, 12 ms 95th, 40 ms 99th, 71 ms 99.9th.",
      "",
    ].join("\n");
    expect(parseProduced(output)).toEqual({
      perSecond: 183_217.3,
      p50Ms: 5,
      p99Ms: 40,
      p999Ms: 71,
    });
  });

  it("is refused in full when it is something else", () => {
    expect(() => parseProduced("Exception in thread main\n")).toThrow("Exception in thread main");
  });
});
