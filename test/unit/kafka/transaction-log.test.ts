import { describe, expect, it } from "@jest/globals";
import type { BrokerChannel, BrokerId, BrokerRequest } from "../../../src/kafka/broker-channel.ts";
import { Cluster } from "../../../src/kafka/cluster.ts";
import { KafkaDoctor } from "../../../src/kafka/doctor/kafka-doctor.ts";
import { KafkaSink } from "../../../src/kafka/kafka-sink.ts";
import { transactionLogFault } from "../../../src/kafka/transaction-log.ts";
import { ByteWriter } from "../../../src/kafka/wire/byte-writer.ts";
import { systemClock } from "../../../src/ops/system-clock.ts";
import { InstantChannel } from "../../support/brokers/instant-channel.ts";
import { ModelCluster } from "../../support/brokers/model-cluster.ts";
import { MODEL_SINK_OPTIONS } from "../../support/brokers/sink-options.ts";
import { ShiftedClock } from "./refusing-brokers.ts";

const GO_ON = new AbortController().signal;
const [METADATA, FIND_COORDINATOR, INIT_PRODUCER_ID, DESCRIBE_CONFIGS] = [3, 10, 22, 32];
const UNKNOWN_TOPIC = 3;
const UNAUTHORIZED = 29;

interface Log {
  readonly brokers: number;
  /** Error of the topic in Metadata; 0: it is there. */
  readonly error: number;
  /** Null: hidden from the relay. */
  readonly settings: { readonly replicas: number; readonly inSyncMin: number } | null;
  /** Leader and replicas in sync of each partition. */
  readonly partitions?: readonly (readonly [leader: number, inSync: number])[];
}

/** A cluster whose coordinators are missing, with a transaction log in this state. */
class WithoutCoordinators implements BrokerChannel {
  readonly isReachable = true;
  readonly connectedBrokers = 1;
  readonly #log: Log;
  readonly #others: BrokerChannel;
  /** Which request is answered with COORDINATOR_NOT_AVAILABLE. */
  readonly #refused: number;

  constructor(log: Log, others: BrokerChannel, refused: number = FIND_COORDINATOR as number) {
    this.#log = log;
    this.#others = others;
    this.#refused = refused;
  }

  request(...asked: [BrokerId, "data" | "coordinator", BrokerRequest]): Promise<Buffer> {
    const [, , { apiKey, payload }] = asked;
    if (apiKey === this.#refused) return Promise.resolve(this.#refusal());
    const isAboutLog = payload.includes("__transaction_state");
    if (apiKey === METADATA && isAboutLog) return Promise.resolve(this.#metadata());
    const isAboutSettings = payload.includes("transaction.state.log");
    if (apiKey === DESCRIBE_CONFIGS && isAboutSettings) return Promise.resolve(this.#settings());
    return this.#others.request(...asked);
  }

  setBrokers(): void {
    // Ids are addresses here.
  }

  close(): void {
    // Nothing is kept open.
  }

  #refusal(): Buffer {
    const writer = new ByteWriter();
    if (this.#refused === INIT_PRODUCER_ID) {
      return writer.tags().int32(0).int16(15).int64(-1n).int16(-1).tags().done();
    }
    return writer.int32(0).int16(15).string(null).int32(-1).string("").int32(-1).done();
  }

  #metadata(): Buffer {
    const { brokers, error, partitions = [] } = this.#log;
    const writer = new ByteWriter().int32(0);
    const ids = Array.from({ length: brokers }, (_, i) => i + 1);
    writer.array(ids, (id) => writer.int32(id).string("broker").int32(9092).string(null));
    writer.string("cluster").int32(1);
    writer.array(["__transaction_state"], (name) => {
      writer.int16(error).string(name).boolean(true);
      writer.array([...partitions.entries()], ([partition, [leader, inSync]]) => {
        writer.int16(0).int32(partition).int32(leader).int32(0);
        writer.array([1, 2, 3], (id) => writer.int32(id));
        writer.array(ids.toSpliced(inSync), (id) => writer.int32(id));
        writer.array([], () => undefined);
      });
      writer.int32(0);
    });
    return writer.int32(0).done();
  }

  #settings(): Buffer {
    const { settings } = this.#log;
    const writer = new ByteWriter().int32(0);
    const values = settings === null ? [] : Object.values(settings);
    return writer
      .array(["1"], (name) => {
        writer
          .int16(settings === null ? 31 : 0)
          .string(null)
          .int8(4)
          .string(name);
        writer.array([...values.entries()], ([index, value]) => {
          writer
            .string(`transaction.state.log.${index === 0 ? "replication.factor" : "min.isr"}`)
            .string(String(value))
            .boolean(true)
            .int8(5)
            .boolean(false);
          writer.array([], () => undefined);
        });
      })
      .done();
  }
}

const DEFAULTS = { replicas: 3, inSyncMin: 2 };

function model(): InstantChannel {
  const random = (): number => Math.random();
  const options = { brokers: 1, transactionVersion: 2, random, markerDelayMsMax: 0 } as const;
  const cluster = new ModelCluster(options, systemClock);
  cluster.createTopic(MODEL_SINK_OPTIONS.checkpointTopic, 1);
  return new InstantChannel(cluster, systemClock);
}

describe("a transaction log", () => {
  it.each<[string, Log, RegExp | null]>([
    [
      "that needs more replicas than there are brokers",
      { brokers: 1, error: UNKNOWN_TOPIC, settings: DEFAULTS },
      /needs 3 replicas \(transaction\.state\.log\.replication\.factor\), and the cluster has 1 broker$/,
    ],
    [
      "that may need more, where the setting is hidden",
      { brokers: 2, error: UNKNOWN_TOPIC, settings: null },
      /3 by default; the relay may not see it\), and the cluster has 2 brokers$/,
    ],
    ["that is still to be made", { brokers: 3, error: UNKNOWN_TOPIC, settings: DEFAULTS }, null],
    [
      "without a leader",
      {
        brokers: 2,
        error: 0,
        settings: DEFAULTS,
        partitions: [
          [1, 2],
          [-1, 0],
        ],
      },
      /1 of 2 partitions of __transaction_state have no leader/,
    ],
    [
      "with too few replicas in sync",
      {
        brokers: 1,
        error: 0,
        settings: DEFAULTS,
        partitions: [
          [1, 1],
          [1, 1],
        ],
      },
      /2 of 2 partitions .* fewer than 2 replicas in sync \(transaction\.state\.log\.min\.isr\)/,
    ],
    ["that is well", { brokers: 3, error: 0, settings: DEFAULTS, partitions: [[1, 3]] }, null],
    ["that is hidden", { brokers: 1, error: UNAUTHORIZED, settings: null }, null],
  ])("%s is told from settings and metadata", async (_, log, expected) => {
    const fault = await transactionLogFault(new WithoutCoordinators(log, model()), true);
    expect(fault === null).toBe(expected === null);
    expect(fault?.message ?? "").toMatch(expected ?? /^$/);
    expect(fault?.code ?? "KAFKA_TRANSACTION_LOG").toBe("KAFKA_TRANSACTION_LOG");
  });
});

const BROKEN: Log = { brokers: 1, error: UNKNOWN_TOPIC, settings: DEFAULTS };

describe("coordinators that are missing for the want of a log", () => {
  it.each([
    ["FindCoordinator", FIND_COORDINATOR],
    ["InitProducerId", INIT_PRODUCER_ID],
  ])("are told by their cause when %s says so for some seconds", async (_, refused) => {
    const channel = new WithoutCoordinators(BROKEN, model(), refused);
    const sink = new KafkaSink(MODEL_SINK_OPTIONS, { channel }, systemClock, () => undefined);
    await expect(sink.open(GO_ON)).rejects.toMatchObject({
      code: "KAFKA_TRANSACTION_LOG",
      remedy: "retry",
      hint: expect.stringContaining("transaction.state.log.replication.factor=1"),
    });
  });

  it("are given three seconds, however long a request may take", async () => {
    const clock = new ShiftedClock();
    const cluster = new Cluster(new WithoutCoordinators(BROKEN, model()), clock, 20_000);
    const found = cluster.coordinator("id", GO_ON);
    clock.shiftMs += 3_000;
    await expect(found).rejects.toMatchObject({ code: "KAFKA_TRANSACTION_LOG" });
  });

  it("are told by the doctor at once", async () => {
    const clock = new ShiftedClock();
    const channel = new WithoutCoordinators(BROKEN, model());
    const options = { ...MODEL_SINK_OPTIONS, requestTimeoutMs: 20_000 };
    const doctor = new KafkaDoctor(options, { channel }, () => model(), clock);
    const expected = { bootstrap: ["k:9092"], tls: null, topics: [], payloadBytesMax: 0 };
    const checks = await doctor.examine(expected, GO_ON);
    const [finding] = checks.find(({ title }) => title === "transactional ids")?.findings ?? [];
    expect(finding).toMatchObject({ code: "KAFKA_TRANSACTION_LOG" });
    expect(clock.shiftMs).toBe(0);
  });
});
