import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import type { EmbeddedKafka } from "../../../src/demo/services/embedded-kafka.ts";
import { startKafka } from "../../../src/demo/services/embedded-kafka.ts";
import type { BrokerChannel, BrokerId } from "../../../src/kafka/broker-channel.ts";
import type { KafkaSink } from "../../../src/kafka/kafka-sink.ts";
import { RelayError } from "../../../src/relay/errors.ts";
import { readCommitted } from "../../support/relay/topic-reader.ts";
import { createTopics, kafkaClient, uniqueName, until } from "../../support/services.ts";
import { batch, GO_ON, record, Sinks, text } from "./sinks.ts";

const PRODUCE = 0;
const END_TXN = 26;
const ROUNDS = [0, 1, 2, 3];
const MOVED_DEADLINE_MS = 60_000;

let cluster: EmbeddedKafka;
let sinks: Sinks;
let topic: string;

beforeAll(async () => {
  // As many as there are brokers and more, so that not one of them coordinates all ids.
  cluster = await startKafka({
    brokers: 3,
    properties: { "transaction.state.log.num.partitions": "6" },
  });
}, 180_000);

afterAll(() => cluster?.stop());
afterEach(() => sinks.close());

/** The way of one relay to the brokers: from `lose` on no EndTxn gets through, as when its host is cut off. */
class Way {
  readonly #losing: BrokerId[] = [];
  #isLosing = false;
  #produced = 0;

  front = (channel: BrokerChannel): BrokerChannel => ({
    get isReachable() {
      return channel.isReachable;
    },
    get connectedBrokers() {
      return channel.connectedBrokers;
    },
    request: async (broker, lane, request, sent) => {
      if (this.#isLosing && request.apiKey === END_TXN) {
        this.#losing.push(broker);
        sent?.();
        return new Promise(() => undefined);
      }
      const answer = await channel.request(broker, lane, request, sent);
      this.#produced += this.#isLosing && request.apiKey === PRODUCE ? 1 : 0;
      return answer;
    },
    setBrokers: (brokers) => channel.setBrokers(brokers),
    close: () => channel.close(),
  });

  lose(): void {
    this.#isLosing = true;
  }

  /** Resolves when `requests` of Produce were answered since, and one EndTxn was lost; with the coordinator it was for. */
  async lost(requests: number): Promise<BrokerId> {
    const isThere = (): boolean => this.#produced >= requests && this.#losing.length > 0;
    await until(isThere, 20_000, "answers for both transactions");
    return this.#losing[0] ?? "any";
  }
}

/** A relay that has committed a little, is asked for one commit that gets lost, and has written the next transaction. */
async function leaveTwoOpen(round: number): Promise<{ asked: string; coordinator: BrokerId }> {
  const way = new Way();
  const { sink, checkpoint } = await sinks.open({ front: way.front });
  expect(checkpoint).toBe(round === 0 ? null : `asked ${round - 1}`);
  await sink.learn([topic], false, GO_ON);
  // Moves the turn on, so that each pair of neighbours has it, and each coordinator.
  for (let turn = 0; turn < 1 + (round % 3); turn++) await publish(sink, `committed ${round}`);
  way.lose();
  publish(sink, `asked ${round}`).catch(() => undefined);
  publish(sink, "open").catch(() => undefined);
  // Events and checkpoint may lie with different brokers.
  const coordinator = await way.lost((await leadersOfOne()) * 2);
  return { asked: `asked ${round}`, coordinator };
}

function publish(sink: KafkaSink, value: string): Promise<void> {
  return sink.publish(batch([record(topic, "k", value)], value));
}

/** How many brokers a transaction of one record goes to. */
async function leadersOfOne(): Promise<number> {
  const admin = kafkaClient([...cluster.brokers]).admin();
  await admin.connect();
  const checkpoints = `outbox-relay.checkpoint.${sinks.slot}`;
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic, checkpoints] });
  await admin.disconnect();
  return new Set(topics.flatMap(({ partitions }) => partitions.map(({ leader }) => leader))).size;
}

async function values(): Promise<(string | undefined)[]> {
  const records = await readCommitted(cluster.brokers, [topic]);
  return records.map(({ value }) => value?.toString());
}

async function begin(): Promise<void> {
  sinks = new Sinks({ brokers: cluster.brokers, transactionProtocol: "v2" });
  topic = uniqueName("events");
  await createTopics([topic], { partitions: 1 }, kafkaClient([...cluster.brokers]));
}

describe("a predecessor that was cut off between two transactions, on three brokers", () => {
  it("has the earlier one committed and the later one aborted, whichever brokers coordinate them", async () => {
    await begin();
    const expected: string[] = [];
    const coordinators = new Set<BrokerId>();
    for (const round of ROUNDS) {
      const { asked, coordinator } = await leaveTwoOpen(round);
      coordinators.add(coordinator);
      const turns = Array.from({ length: 1 + (round % 3) }, () => `committed ${round}`);
      expected.push(...turns, asked);
    }
    expect((await sinks.open()).checkpoint).toBe(`asked ${ROUNDS.at(-1)}`);
    expect(coordinators.size).toBeGreaterThan(1);
    expect(await values()).toEqual(expected);
  }, 120_000);

  it("has it committed by the coordinator's successor where that broker was lost with it", async () => {
    await begin();
    const { asked, coordinator } = await leaveTwoOpen(0);
    const victim = Number(coordinator) - 1;
    await cluster.kill(victim);
    const checkpoint = await openWhenMoved();
    await cluster.start(victim);
    expect(checkpoint).toBe(asked);
    expect(await values()).toEqual(["committed 0", asked]);
  }, 180_000);
});

/** As the relay does it: tries again while the cluster finds itself. */
async function openWhenMoved(): Promise<string | null> {
  const successor = sinks.make();
  let checkpoint: string | null = null;
  const isOpen = async (): Promise<boolean> => {
    try {
      if ((await successor.preflight(GO_ON)).length > 0) return false;
      checkpoint = text(await successor.open(GO_ON));
      return true;
    } catch (error) {
      if (error instanceof RelayError && error.remedy !== "halt") return false;
      throw error;
    }
  };
  await until(isOpen, MOVED_DEADLINE_MS, "the cluster to take the successor");
  return checkpoint;
}
