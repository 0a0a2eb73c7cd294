import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { EmbeddedKafka } from "../../../src/demo/services/embedded-kafka.ts";
import { startKafka } from "../../../src/demo/services/embedded-kafka.ts";
import type { KafkaSink } from "../../../src/kafka/kafka-sink.ts";
import type { Verdict } from "../../support/kafka-proxy.ts";
import { KafkaProxy } from "../../support/kafka-proxy.ts";
import { readCommitted } from "../../support/relay/topic-reader.ts";
import { createTopics, kafkaClient, uniqueName, until } from "../../support/services.ts";
import { batch, GO_ON, record, rejection, Sinks } from "./sinks.ts";

const PRODUCE = 0;
const END_TXN = 26;

const proxy = new KafkaProxy();
let cluster: EmbeddedKafka;
let brokers: string[];
let sinks: Sinks;
let topic: string;

beforeAll(async () => {
  const port = await proxy.start();
  // Clients are told the proxy's address, so that every connection goes through it.
  const properties = { "advertised.listeners": `PLAINTEXT://127.0.0.1:${port}` };
  cluster = await startKafka({ properties });
  proxy.forwardTo(Number(cluster.brokers[0]?.split(":")[1]));
  brokers = [`127.0.0.1:${port}`];
}, 180_000);

afterAll(async () => {
  await cluster?.stop();
  await proxy.stop();
});

beforeEach(async () => {
  proxy.judge = () => "pass";
  proxy.cuts = 0;
  topic = uniqueName("events");
  await createTopics([topic], {}, kafkaClient(brokers));
});

afterEach(() => sinks.close());

async function values(): Promise<(string | undefined)[]> {
  const records = await readCommitted(brokers, [topic]);
  return records.map(({ value }) => value?.toString());
}

/** Does this to the next `times` requests of this kind, and lets everything else pass. */
function strike(apiKey: number, verdict: Verdict, times: number): void {
  let left = times;
  proxy.judge = (key) => {
    if (key !== apiKey || left === 0) return "pass";
    left -= 1;
    return verdict;
  };
}

/** Publishes "2", which fails; takes over again, and publishes it again when the checkpoint says it is missing. */
async function recover(sink: KafkaSink): Promise<void> {
  const error = await rejection(sink.publish(batch([record(topic, "k", "2")], "2")));
  expect(error).toMatchObject({ remedy: "reopen" });
  expect(await rejection(sink.publish(batch([record(topic, "k", "3")], "3")))).toMatchObject({
    remedy: "reopen",
  });
  const checkpoint = Buffer.from((await sink.open(GO_ON)) ?? []).toString();
  expect(["1", "2"]).toContain(checkpoint);
  await sink.learn([topic], false, GO_ON);
  if (checkpoint === "1") await sink.publish(batch([record(topic, "k", "2")], "2"));
  await sink.publish(batch([record(topic, "k", "3")], "3"));
}

async function openWithOne(protocol: "v1" | "v2"): Promise<KafkaSink> {
  sinks = new Sinks({ brokers, transactionProtocol: protocol });
  const { sink } = await sinks.open();
  await sink.learn([topic], false, GO_ON);
  await sink.publish(batch([record(topic, "k", "1")], "1"));
  return sink;
}

describe.each([
  ["v1", "cut-request", 1],
  ["v1", "cut-answer", 1],
  ["v2", "cut-request", 2],
  ["v2", "cut-answer", 2],
] as const)(
  "in protocol %s, with the connection lost at EndTxn (%s)",
  (protocol, verdict, times) => {
    it("asks to be opened again, and the checkpoint tells the truth: nothing lost, nothing twice", async () => {
      const sink = await openWithOne(protocol);
      strike(END_TXN, verdict, times);
      await recover(sink);
      expect(proxy.cuts).toBe(times);
      expect(await values()).toEqual(["1", "2", "3"]);
    }, 60_000);
  },
);

describe.each(["v1", "v2"] as const)(
  "in protocol %s, with the connection lost at Produce",
  (protocol) => {
    it.each(["cut-request", "cut-answer"] as const)(
      "recovers without loss or repetition (%s)",
      async (verdict) => {
        const sink = await openWithOne(protocol);
        strike(PRODUCE, verdict, 1);
        await recover(sink);
        expect(proxy.cuts).toBe(1);
        expect(await values()).toEqual(["1", "2", "3"]);
      },
      60_000,
    );
  },
);

describe("in protocol v2, with one EndTxn lost", () => {
  it.each(["cut-request", "cut-answer"] as const)(
    "repeats it and the batch is durable (%s)",
    async (verdict) => {
      const sink = await openWithOne("v2");
      strike(END_TXN, verdict, 1);
      await sink.publish(batch([record(topic, "k", "2")], "2"));
      await sink.publish(batch([record(topic, "k", "3")], "3"));
      expect(proxy.cuts).toBe(1);
      expect(await values()).toEqual(["1", "2", "3"]);
    },
    60_000,
  );
});

describe("at-least-once, with the connection lost at Produce", () => {
  it.each(["cut-request", "cut-answer"] as const)(
    "sends again and the broker keeps one (%s)",
    async (verdict) => {
      sinks = new Sinks({ brokers, delivery: "at-least-once" });
      const { sink } = await sinks.open();
      await sink.learn([topic], false, GO_ON);
      await sink.publish(batch([record(topic, "k", "1")], "1"));
      strike(PRODUCE, verdict, 1);
      await sink.publish(batch([record(topic, "k", "2")], "2"));
      expect(proxy.cuts).toBe(1);
      expect(await values()).toEqual(["1", "2"]);
      expect((await sinks.open()).checkpoint).toBe("2");
    },
    60_000,
  );
});

/** Lets every EndTxn get lost from now on; resolves once one has. */
function loseEndTxns(): Promise<void> {
  let lost = 0;
  proxy.judge = (key) => {
    lost += key === END_TXN ? 1 : 0;
    return key === END_TXN ? "swallow" : "pass";
  };
  return until(() => lost > 0, 10_000, "an EndTxn");
}

/** kafkajs asks for what is stable: no open transaction lies before it. */
async function stableOffset(): Promise<number> {
  const admin = kafkaClient(brokers).admin();
  await admin.connect();
  const offsets = await admin.fetchTopicOffsets(topic);
  await admin.disconnect();
  return offsets.reduce((sum, { high }) => sum + Number(high), 0);
}

const ROUNDS = [0, 1, 2, 3, 4];

describe("a predecessor that was cut off while it committed", () => {
  it("leaves one transaction open at most in protocol v1, so that simple consumers pass over it", async () => {
    sinks = new Sinks({ brokers, transactionProtocol: "v1" });
    for (const round of ROUNDS) {
      const { sink } = await sinks.open();
      await sink.learn([topic], false, GO_ON);
      await sink.publish(batch([record(topic, "k", `committed ${round}`)], String(round)));
      const lost = loseEndTxns();
      // The id whose turn it is differs from round to round.
      for (const left of ["a", "b", "c"].slice(0, 2 + (round % 2))) {
        sink.publish(batch([record(topic, "k", `open ${left}`)], "never")).catch(() => undefined);
      }
      await lost;
      proxy.judge = () => "pass";
    }
    await sinks.open();
    expect(await values()).toEqual(ROUNDS.map((round) => `committed ${round}`));
  });

  it("has that commit finished in protocol v2, and what it wrote meanwhile aborted", async () => {
    sinks = new Sinks({ brokers, transactionProtocol: "v2" });
    const before: (string | undefined)[] = [];
    for (const round of ROUNDS) {
      const { sink, checkpoint } = await sinks.open();
      expect(checkpoint).toBe(round === 0 ? null : `asked ${round - 1}`);
      await sink.learn([topic], false, GO_ON);
      // Moves the turn on, so that each pair of neighbours has it once.
      const turns = 1 + (round % 3);
      for (let turn = 0; turn < turns; turn++) {
        await sink.publish(batch([record(topic, "k", `committed ${round}`)], String(round)));
        before.push(`committed ${round}`);
      }
      await until(async () => (await stableOffset()) >= 2 * before.length, 10_000, "markers");
      let answers = 0;
      proxy.edit = (key, answer) => {
        answers += key === PRODUCE ? 1 : 0;
        return answer;
      };
      const lost = loseEndTxns();
      const asked = batch([record(topic, "k", `asked ${round}`)], `asked ${round}`);
      sink.publish(asked).catch(() => undefined);
      sink.publish(batch([record(topic, "k", "open")], "never")).catch(() => undefined);
      await lost;
      await until(() => answers >= 2, 10_000, "answers for both batches");
      before.push(`asked ${round}`);
      proxy.reset();
    }
    expect((await sinks.open()).checkpoint).toBe("asked 4");
    expect(await values()).toEqual(before);
  }, 60_000);
});
