import { describe, expect, it } from "@jest/globals";
import type { TopicView } from "../../../../src/kafka/doctor/topic-findings.ts";
import {
  replicaFindings,
  rightsFindings,
  sizeFindings,
} from "../../../../src/kafka/doctor/topic-findings.ts";
import { RecordLimit } from "../../../../src/kafka/record-limit.ts";

/** AclOperation codes: Read 3, Write 4, Describe 8, DescribeConfigs 10. */
const bits = (...operations: readonly number[]): number =>
  operations.reduce((all, operation) => all | (1 << operation), 0);

function limit(values: Readonly<Record<string, string>>): RecordLimit {
  return new RecordLimit(new Map(Object.entries(values)));
}

function view(changes: Partial<TopicView> = {}): TopicView {
  return {
    topic: "order",
    error: 0,
    rights: bits(3, 4, 8, 10),
    partitions: 6,
    replicas: 3,
    limit: limit({ "max.message.bytes": "1048588" }),
    inSyncMin: 2,
    ...changes,
  };
}

describe("rights on a topic", () => {
  it.each([
    { rights: bits(3, 4, 8, 10), mustRead: true, codes: [] },
    { rights: null, mustRead: true, codes: [] },
    { rights: bits(8, 10), mustRead: false, codes: ["TOPIC_UNAUTHORIZED"] },
    { rights: bits(4, 8, 10), mustRead: false, codes: [] },
    { rights: bits(4, 8, 10), mustRead: true, codes: ["TOPIC_UNAUTHORIZED"] },
    { rights: bits(3, 4, 8), mustRead: true, codes: ["TOPIC_SETTINGS_HIDDEN"] },
  ])("of $rights, to be read: $mustRead, show $codes", ({ rights, mustRead, codes }) => {
    expect(rightsFindings(view({ rights }), mustRead).map(({ code }) => code)).toEqual(codes);
  });

  it("names each one that is lacking in the command that grants it", () => {
    const [finding] = rightsFindings(view({ rights: bits(10) }), true);
    expect(finding?.hint).toContain("--operation Write --operation Describe --operation Read");
  });
});

describe("the size of records", () => {
  it.each([
    { payloadBytesMax: 1_000_000, codes: [] },
    { payloadBytesMax: 1_047_565, codes: ["RECORD_TOO_LARGE"] },
  ])("shows $codes for payloads of $payloadBytesMax bytes", ({ payloadBytesMax, codes }) => {
    expect(sizeFindings(view(), payloadBytesMax).map(({ code }) => code)).toEqual(codes);
  });

  it("are named where segment.bytes is the smallest limit", () => {
    const small = limit({ "max.message.bytes": "4000000", "segment.bytes": "1048576" });
    const [finding] = sizeFindings(view({ limit: small }), 1_500_000);
    expect(finding?.message).toContain("1048576 (segment.bytes)");
    expect(finding?.hint).toContain("segment.bytes=3002048");
    expect(finding?.hint).not.toContain("max.message.bytes=4000000");
  });

  it("is not judged where the limit is hidden", () => {
    expect(sizeFindings(view({ limit: null }), 10_000_000)).toEqual([]);
  });
});

describe("the copies of a topic", () => {
  it.each([
    { replicas: 3, inSyncMin: 2, brokers: 3, says: /^$/ },
    { replicas: 1, inSyncMin: 1, brokers: 1, says: /^$/ },
    { replicas: 1, inSyncMin: 1, brokers: 3, says: /one copy/ },
    { replicas: 3, inSyncMin: 1, brokers: 3, says: /on one broker only/ },
    { replicas: 2, inSyncMin: 2, brokers: 3, says: /stops when one broker is away/ },
    { replicas: 3, inSyncMin: null, brokers: 3, says: /^$/ },
  ])(
    "$replicas of $brokers, $inSyncMin in sync: $says",
    ({ replicas, inSyncMin, brokers, says }) => {
      const messages = replicaFindings(view({ replicas, inSyncMin }), brokers);
      expect(messages.map(({ message }) => message).join()).toMatch(says);
    },
  );
});
