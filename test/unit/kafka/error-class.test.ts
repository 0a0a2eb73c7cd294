import { describe, expect, it } from "@jest/globals";
import type { ErrorClass } from "../../../src/kafka/error-class.ts";
import { errorClass, isClassified } from "../../../src/kafka/error-class.ts";
import { errorName } from "../../../src/kafka/error-code.ts";
import { documentedName } from "../../../src/kafka/error-names.ts";
import { kafkaError } from "../../../src/kafka/kafka-error.ts";
import { produceRefusal } from "../../../src/kafka/produce-refusal.ts";
import { packRecord } from "../../../src/relay/record/pack-record.ts";

const LAST = 133;
const CODES = Array.from({ length: LAST + 2 }, (_, index) => index - 1);
/** Answers that no waiting changes. */
const FINAL: readonly ErrorClass[] = ["record", "topic", "rights", "security", "request"];

const header = (name: string, value: string) => ({
  name: Buffer.from(name),
  value: Buffer.from(value),
});
const record = packRecord({
  topic: "orders",
  key: Buffer.from("k"),
  value: Buffer.from("secret payload"),
  headers: [header("id", "row-7"), header("position", "1-0-2")],
  timestampMs: 1,
});
const batch = { topic: "orders", partition: 3, records: [record], sequence: 0 };

describe("every error code of the protocol", () => {
  it.each(CODES)("has a class that somebody chose: %d", (code) => {
    expect(isClassified(code)).toBe(true);
  });

  it.each(CODES.filter((code) => code !== 0))("has a name: %d", (code) => {
    expect(documentedName(code)).toMatch(/^[A-Z][A-Z_]+$/);
  });

  it.each(CODES.filter((code) => code !== 0))(
    "names topic, partition, row and position as the answer to a Produce, and no payload: %d",
    (code) => {
      const refusal = produceRefusal(batch, { error: code, refusedIndex: null });
      expect(refusal.message).toContain("orders-3");
      expect(refusal.message).toContain("row-7");
      expect(refusal.message).toContain("1-0-2");
      expect(refusal.message).toContain(errorName(code));
      expect(refusal.message + refusal.hint).not.toContain("secret");
      const isFinal = FINAL.includes(errorClass(code));
      expect(refusal.remedy).toBe(isFinal ? "halt" : "reopen");
    },
  );

  it.each(CODES.filter((code) => code !== 0))(
    "halts as the answer to any other request where no waiting helps: %d",
    (code) => {
      const { remedy, message } = kafkaError("InitProducerId for id-0", code, "retry");
      expect(message).toContain("InitProducerId for id-0");
      const isFinal = [...FINAL, "size"].includes(errorClass(code));
      expect(remedy).toBe(isFinal ? "halt" : "retry");
    },
  );

  it.each([
    [17, "TOPIC_INVALID"],
    [21, "KAFKA_REFUSED"],
    [29, "KAFKA_TOPIC_AUTHORIZATION"],
    [31, "KAFKA_CLUSTER_AUTHORIZATION"],
    [32, "RECORD_REFUSED"],
    [43, "KAFKA_REFUSED"],
    [44, "RECORD_REFUSED"],
    [53, "KAFKA_TRANSACTIONAL_ID_AUTHORIZATION"],
    [54, "KAFKA_AUTHENTICATION"],
    [76, "KAFKA_REFUSED"],
    [87, "RECORD_REFUSED"],
  ])("that is final for a batch has its own code: %d is %s", (code, expected) => {
    expect(produceRefusal(batch, { error: code, refusedIndex: null }).code).toBe(expected);
  });

  it("of a version that is not out yet has a number for a name, and is nobody's to judge", () => {
    expect(errorClass(999)).toBe("unknown");
    expect(errorName(999)).toContain("999");
    const refusal = produceRefusal(batch, { error: 999, refusedIndex: null });
    expect(refusal).toMatchObject({ code: "KAFKA_ERROR", remedy: "reopen" });
  });
});

describe("a broker's own words", () => {
  it("are in the message, cut and without control characters", () => {
    const said = `no \u001b[31mkey\n${"x".repeat(1_000)}`;
    const { message } = produceRefusal(batch, { error: 87, refusedIndex: 0, message: said });
    expect(message).toContain('("no  [31mkey xxx');
    expect(message).not.toMatch(/\p{Cc}/u);
    expect(message.length).toBeLessThan(500);
  });
});
