import { readdirSync, readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { addPartitionsRequest, readAddPartitions } from "../../../src/kafka/api/add-partitions.ts";
import { apiVersionsRequest, readApiVersions } from "../../../src/kafka/api/api-versions.ts";
import { createTopicsRequest, readCreateTopics } from "../../../src/kafka/api/create-topics.ts";
import {
  describeTopicsRequest,
  readTopicConfigs,
} from "../../../src/kafka/api/describe-configs.ts";
import {
  describeTransactionsRequest,
  readTransactions,
} from "../../../src/kafka/api/describe-transactions.ts";
import {
  endTxnV2Request,
  endTxnV5Request,
  readEndTxnV2,
  readEndTxnV5,
} from "../../../src/kafka/api/end-txn.ts";
import { fetchRequest, readFetch } from "../../../src/kafka/api/fetch.ts";
import {
  findCoordinatorRequest,
  readCoordinator,
} from "../../../src/kafka/api/find-coordinator.ts";
import { initProducerIdRequest, readProducerId } from "../../../src/kafka/api/init-producer-id.ts";
import { listOffsetsRequest, readOffset } from "../../../src/kafka/api/list-offsets.ts";
import { metadataRequest, readMetadata } from "../../../src/kafka/api/metadata.ts";
import { API_NAMES } from "../../../src/kafka/api/names.ts";
import { produceRequest, readProduce, requestBytesMax } from "../../../src/kafka/api/produce.ts";
import { throttleMsOf } from "../../../src/kafka/api/throttle-time.ts";
import type { BrokerRequest } from "../../../src/kafka/broker-channel.ts";
import { Cluster } from "../../../src/kafka/cluster.ts";
import { LogTail } from "../../../src/kafka/log-tail.ts";
import { BATCH_HEADER_BYTES, RecordBatchEncoder } from "../../../src/kafka/wire/record-batch.ts";
import { readBatches } from "../../../src/kafka/wire/record-batch-reader.ts";
import { systemClock } from "../../../src/ops/system-clock.ts";
import { RelayError } from "../../../src/relay/errors.ts";
import { packRecord } from "../../../src/relay/record/pack-record.ts";
import { errorPlaces } from "../../support/brokers/hostile/error-places.ts";
import { CHANGES } from "../../support/brokers/hostile/hostility.ts";
import { refusal } from "../../support/brokers/hostile/refusal.ts";
import { throttledAnswer } from "../../support/brokers/hostile/throttled.ts";
import { InstantChannel } from "../../support/brokers/instant-channel.ts";
import { answer } from "../../support/brokers/model-broker.ts";
import { ModelCluster } from "../../support/brokers/model-cluster.ts";

const TOPIC = "events";
const GO_ON = new AbortController().signal;
const IDENTITY = { producerId: 1n, epoch: 0 };
const CODE = 4_711;

const cluster = new ModelCluster(
  { brokers: 1, transactionVersion: 2, random: () => 0.5, markerDelayMsMax: 0 },
  systemClock,
);
cluster.createTopic(TOPIC, 3);
cluster.createTopic("log", 1);
const channel = new InstantChannel(cluster, systemClock);

type Kind = readonly [name: string, request: BrokerRequest, read: (bytes: Buffer) => unknown];

const RECORD = packRecord({
  topic: TOPIC,
  key: Buffer.from("key"),
  value: Buffer.from("value"),
  headers: [],
  timestampMs: 1,
});
const BATCHES = [0, 1].map((partition) => ({
  topic: TOPIC,
  partition,
  records: [RECORD],
  sequence: 0,
}));
const PRODUCE = produceRequest(
  new RecordBatchEncoder(),
  BATCHES,
  { apiVersion: 11, transactionalId: null, identity: IDENTITY, timeoutMs: 1 },
  Buffer.alloc(requestBytesMax(BATCHES)),
);

const KINDS: readonly Kind[] = [
  ["Produce", PRODUCE, readProduce],
  ["Fetch", fetchRequest(TOPIC, 0, 0n), readFetch],
  ["ListOffsets", listOffsetsRequest(TOPIC, 0, "start"), readOffset],
  ["Metadata", metadataRequest([TOPIC]), readMetadata],
  ["FindCoordinator", findCoordinatorRequest("id"), readCoordinator],
  ["ApiVersions", apiVersionsRequest(), readApiVersions],
  ["InitProducerId", initProducerIdRequest("id", 1_000), readProducerId],
  [
    "AddPartitionsToTxn",
    addPartitionsRequest("id", IDENTITY, new Map([[TOPIC, [0, 1]]])),
    readAddPartitions,
  ],
  ["EndTxn", endTxnV2Request("id", IDENTITY), readEndTxnV2],
  ["EndTxn", endTxnV5Request("id", IDENTITY), readEndTxnV5],
  [
    "CreateTopics",
    createTopicsRequest(
      [
        {
          topic: "new",
          partitions: 1,
          replicationFactor: 1,
          config: { "cleanup.policy": "compact" },
        },
      ],
      1_000,
    ),
    readCreateTopics,
  ],
  ["DescribeConfigs", describeTopicsRequest([TOPIC], ["max.message.bytes"]), readTopicConfigs],
  ["DescribeTransactions", describeTransactionsRequest(["id"]), readTransactions],
];

/** What it comes to: a value, or the code of a RelayError. Anything else is thrown. */
function readOr(read: (bytes: Buffer) => unknown, bytes: Buffer): unknown {
  try {
    return { value: read(bytes) };
  } catch (error) {
    if (error instanceof RelayError) return error.code;
    throw error;
  }
}

beforeAll(async () => {
  await answer(cluster, systemClock, 1, PRODUCE);
});

describe.each(KINDS)("an answer to %s", (name, request, read) => {
  const whole = (): Promise<Buffer> => answer(cluster, systemClock, 1, request);

  it("that ends too early is an error that names the request", async () => {
    const bytes = await whole();
    for (let length = 0; length < bytes.length; length++) {
      const cut = readOr(read, bytes.subarray(0, length));
      if (typeof cut !== "string") continue; // What is missing does not matter to us.
      expect(cut).toBe("KAFKA_INCOMPLETE_ANSWER");
    }
    expect(() => read(bytes.subarray(0, 2))).toThrow(name);
  });

  it("that is changed anywhere is read or refused, and never a bug or a loop without an end", async () => {
    const bytes = await whole();
    const change = fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), (changes) => {
        const changed = Buffer.from(bytes);
        for (const [at, byte] of changes) changed[at] = byte;
        readOr(read, changed);
      }),
      { numRuns: 300 },
    );
  });

  it("shows every code of the protocol where a hostile broker puts it", async () => {
    const bytes = Buffer.from(await whole());
    const places = errorPlaces(request.apiKey, request.apiVersion, bytes);
    expect(places).not.toEqual([]);
    for (const place of places) bytes.writeInt16BE(CODE, place);
    const seen = readOr(read, bytes);
    const text = JSON.stringify(seen, (_, value) =>
      typeof value === "bigint" ? String(value) : (value as unknown),
    );
    // ApiVersions is refused on the spot.
    expect(name === "ApiVersions" ? "KAFKA_ERROR" : text).toMatch(/4711|KAFKA_ERROR/);
  });
});

describe("a broker that throttles", () => {
  const told = KINDS.filter(([name]) => name !== "Produce" && name !== "ApiVersions");

  it.each(told)("says in its answer to %s how long it pauses", async (_, request) => {
    const truth = await answer(cluster, systemClock, 1, request);
    expect(throttleMsOf(request, throttledAnswer(request, truth, 4_711))).toBe(4_711);
    expect(throttleMsOf(request, truth)).toBe(0);
  });
});

describe("the requests of the relay", () => {
  const folder = new URL("../../../src/kafka/api/", import.meta.url);
  const sources = readdirSync(folder).map((name) => readFileSync(new URL(name, folder), "utf8"));
  const asked = sources.flatMap((source) =>
    [...source.matchAll(/apiKey: (\w+),|const API_\w+ = (\d+);/g)]
      .map(([, key = "", constant = ""]) => Number(constant === "" ? key : constant))
      .filter((key) => !Number.isNaN(key)),
  );

  it("all have a hostile answer, and a name", () => {
    const known = new Set(KINDS.map(([, { apiKey }]) => apiKey));
    expect(new Set(asked)).toEqual(known);
    expect(new Set(Object.keys(API_NAMES).map(Number))).toEqual(known);
    for (const [name, { apiKey }] of KINDS) expect(API_NAMES[apiKey]).toBe(name);
  });
});

describe("a broker that has carried out nothing", () => {
  it.each(KINDS.filter(([, { apiKey }]) => CHANGES.has(apiKey)))(
    "answers %s with the code, in a form that reads well",
    (_, request, read) => {
      const seen = readOr(read, refusal(request, CODE));
      expect(seen).toHaveProperty("value");
      const text = JSON.stringify(seen, (__, value) =>
        typeof value === "bigint" ? String(value) : (value as unknown),
      );
      expect(text).toContain(String(CODE));
    },
  );
});

describe("a batch with a length that makes no sense", () => {
  it.each([-12, -2, 0, 5, 48])("of %d bytes is refused, and not read for ever", (length) => {
    const bytes = Buffer.alloc(200);
    bytes.writeInt32BE(length, 8);
    bytes.writeInt8(2, 16);
    expect(() => readBatches(bytes)).toThrow(RangeError);
  });

  it("in the checkpoint topic halts with its name", async () => {
    const tail = new LogTail(new Cluster(channel, systemClock, 1_000), systemClock, "log", 1_000);
    const log = cluster.log("log", 0);
    const bytes = Buffer.alloc(200);
    const none = { producerId: -1n, epoch: -1, sequence: -1, isTransactional: false };
    log?.append(bytes.subarray(0, new RecordBatchEncoder().write(bytes, 0, [RECORD], none)));
    const stored = log?.entries[0]?.bytes ?? Buffer.alloc(0);
    // Its record is longer than the batch now.
    stored[BATCH_HEADER_BYTES] = 126;
    await expect(tail.last(["key"], false, GO_ON)).rejects.toMatchObject({
      code: "CHECKPOINT_UNREADABLE",
    });
  });
});

describe("metadata", () => {
  it("without a topic that was asked for is an error", async () => {
    const silent = {
      isReachable: true,
      connectedBrokers: 1,
      setBrokers: () => undefined,
      close: () => undefined,
      request: () => channel.request("any", "coordinator", metadataRequest([])),
    };
    const known = new Cluster(silent, systemClock, 100);
    await expect(known.refresh([TOPIC])).rejects.toMatchObject({
      code: "KAFKA_INCOMPLETE_ANSWER",
      message: expect.stringContaining(TOPIC) as unknown,
    });
  });
});
