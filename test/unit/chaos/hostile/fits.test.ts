import { describe, expect, it } from "@jest/globals";
import { fits } from "../../../chaos/hostile/check/fits.ts";
import type { Hostility, MiddleKind } from "../../../chaos/hostile/plan/world-plan.ts";

function hostility(kind: MiddleKind, code = 15): Hostility {
  const how = { isApplied: true, isEverywhere: true, share: 1, delayMs: 1 };
  return { apiKey: 10, kind, code, ...how };
}

describe("a cause that is shown", () => {
  it.each<readonly [string, string, MiddleKind]>([
    ["KAFKA_ERROR", "Kafka answered X with COORDINATOR_NOT_AVAILABLE (15)", "code"],
    ["KAFKA_TRANSACTION_LOG", "it cannot work", "code"],
    ["KAFKA_UNREACHABLE", "no answer in time", "silence"],
    ["KAFKA_UNREACHABLE", "the connection was closed", "hang-up"],
    ["KAFKA_INCOMPLETE_ANSWER", "the answer to X cannot be read", "less"],
  ])("fits: %s (%s) while brokers answer with %s", (code, message, kind) => {
    expect(fits({ code, message }, [hostility("more"), hostility(kind)])).toBe(true);
  });

  it.each<readonly [string, string, MiddleKind]>([
    ["KAFKA_ERROR", "Kafka answered X with NOT_COORDINATOR (16)", "code"],
    ["KAFKA_UNREACHABLE", "no connection", "code"],
    ["FENCED", "another relay has taken over", "code"],
    ["SINK_STALLED", "nothing could be published", "silence"],
    ["POSTGRES_UNREACHABLE", "Postgres does not answer", "empty"],
    ["KAFKA_UNREACHABLE", "no connection", "less"],
  ])("does not fit: %s (%s) while brokers answer with %s", (code, message, kind) => {
    expect(fits({ code, message }, [hostility(kind)])).toBe(false);
  });
});
