import { describe, expect, it } from "@jest/globals";
import { tlsFinding } from "../../../../src/kafka/doctor/broker-findings.ts";

const TLS = { isInsecure: false };

describe("the encryption of connections to Kafka", () => {
  it.each([
    { bootstrap: ["kafka-1:9093"], tls: TLS, codes: [] },
    { bootstrap: ["kafka-1:9092"], tls: null, codes: ["TLS_WEAK"] },
    { bootstrap: ["localhost:9092", "[::1]:9092", "127.0.0.1:9092"], tls: null, codes: [] },
    { bootstrap: ["localhost:9092", "kafka-1:9092"], tls: null, codes: ["TLS_WEAK"] },
    { bootstrap: ["localhost:9093"], tls: { isInsecure: true }, codes: ["TLS_WEAK"] },
  ])("to $bootstrap with $tls gives $codes", ({ bootstrap, tls, codes }) => {
    const finding = tlsFinding(bootstrap, tls);
    expect(finding === null ? [] : [finding.code]).toEqual(codes);
  });
});
