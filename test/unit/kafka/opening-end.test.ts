import { beforeEach, describe, expect, it } from "@jest/globals";
import type { BrokerId, BrokerRequest, Lane } from "../../../src/kafka/broker-channel.ts";
import { KafkaSink } from "../../../src/kafka/kafka-sink.ts";
import type { KafkaSinkOptions } from "../../../src/kafka/kafka-sink-options.ts";
import { RelayError } from "../../../src/relay/errors.ts";
import { packRecord } from "../../../src/relay/record/pack-record.ts";
import { InstantChannel } from "../../support/brokers/instant-channel.ts";
import { ModelCluster } from "../../support/brokers/model-cluster.ts";
import type { PartitionLog } from "../../support/brokers/partition-log.ts";
import { MODEL_SINK_OPTIONS } from "../../support/brokers/sink-options.ts";
import { VirtualClock } from "../../support/model/virtual-clock.ts";

const GO_ON = new AbortController().signal;
const TIMEOUT_MS = 10_000;
const MARKER_MS = 5;

/** One partition of it has no leader for as long as it is told so. */
class HeadlessCluster extends ModelCluster {
  headless: PartitionLog | undefined;

  override leader(log: PartitionLog): number {
    return log === this.headless ? -1 : super.leader(log);
  }
}

/** Half a millisecond from the broker, and the next connection is there at once: closing it ends nothing by itself. */
class NearChannel extends InstantChannel {
  asked = 0;
  readonly #clock: VirtualClock;

  constructor(of: ModelCluster, clock: VirtualClock) {
    super(of, clock);
    this.#clock = clock;
  }

  override async request(
    broker: BrokerId,
    lane: Lane,
    request: BrokerRequest,
    sent?: () => void,
  ): Promise<Buffer> {
    this.asked += 1;
    const answer = await super.request(broker, lane, request, sent);
    await new Promise<void>((resolve) => this.#clock.after(0.5, resolve));
    return answer;
  }
}

let clock: VirtualClock;
let cluster: HeadlessCluster;
let channel: NearChannel;

beforeEach(() => {
  clock = new VirtualClock(1);
  cluster = newCluster(2);
});

function newCluster(transactionVersion: 0 | 2): HeadlessCluster {
  const options = { brokers: 1, random: () => 1, markerDelayMsMax: MARKER_MS };
  const made = new HeadlessCluster({ ...options, transactionVersion }, clock);
  for (const topic of ["checkpoints", "stuck", "events"]) made.createTopic(topic, 1);
  channel = new NearChannel(made, clock);
  return made;
}

function newSink(settings: Partial<KafkaSinkOptions> = {}): KafkaSink {
  const options = { ...MODEL_SINK_OPTIONS, requestTimeoutMs: TIMEOUT_MS, ...settings };
  return new KafkaSink(options, { channel }, clock, () => undefined);
}

async function done<T>(work: Promise<T>): Promise<T> {
  let isDone = false;
  const end = (): void => void (isDone = true);
  work.then(end, end);
  for (let waitedMs = 0; !isDone && waitedMs < 60_000; waitedMs += 1) await clock.advance(1);
  return work;
}

function publish(sink: KafkaSink, topic: string): Promise<void> {
  const parts = { key: Buffer.from("k"), value: null, headers: [], timestampMs: 1 };
  return sink.publish({
    records: [packRecord({ topic, ...parts })],
    checkpoint: Buffer.from(topic),
  });
}

interface Ending {
  code: string;
  message: string;
  /** What the error was caused by. */
  why: string;
}

/** How it ended, looked at without waiting. */
function watch(work: Promise<unknown>): Ending {
  const seen = { code: "open", message: "", why: "" };
  work.then(
    () => void (seen.code = "done"),
    (error: { code?: string; message?: string; cause?: { message?: string } }) => {
      seen.code = error.code ?? "bug";
      seen.message = error.message ?? "";
      seen.why = error.cause?.message ?? "";
    },
  );
  return seen;
}

/** A sink whose next transaction waits for markers that nobody can write. */
async function stuckSink(protocol: "v1" | "v2"): Promise<KafkaSink> {
  cluster = newCluster(protocol === "v2" ? 2 : 0);
  const sink = newSink({ transactionProtocol: protocol });
  await done(sink.open(GO_ON));
  await done(sink.learn(["stuck", "events"], false, GO_ON));
  // The commit is decided, and its marker is under way.
  cluster.decided = (entries) => {
    if (entries.some(({ topic }) => topic === "stuck")) cluster.headless = cluster.log("stuck", 0);
  };
  await done(publish(sink, "stuck"));
  await done(publish(sink, "events"));
  await done(publish(sink, "events"));
  return sink;
}

describe.each(["v1", "v2"] as const)(
  "a commit that cannot be completed, protocol %s",
  (protocol) => {
    it("is asked for less and less often, and named in the end", async () => {
      const sink = await stuckSink(protocol);
      const waiting = watch(publish(sink, "events"));
      await clock.advance(1_000);
      const before = channel.asked;
      await clock.advance(5_000);
      expect(channel.asked - before).toBeLessThan(5 * 10);
      expect(waiting.code).toBe("open");
      await clock.advance(TIMEOUT_MS);
      expect(waiting.code).toBe("TRANSACTION_UNFINISHED");
      expect(waiting.message).toContain("relay-");
      expect(waiting.message).toContain("CONCURRENT_TRANSACTIONS (51)");
    });

    it.each(Array.from({ length: 24 }, (_, place) => place * 0.7))(
      "is let go at once when the sink is closed %d ms later, and nothing is sent after that",
      async (laterMs) => {
        const sink = await stuckSink(protocol);
        const waiting = watch(publish(sink, "events"));
        await clock.advance(20 + laterMs);
        expect(waiting.code).toBe("open");
        await sink.close();
        const before = channel.asked;
        await clock.advance(0);
        expect(waiting.code).toBe("KAFKA_CLOSED");
        await clock.advance(60_000);
        expect(channel.asked).toBe(before);
      },
    );

    it("does not reach into the next opening", async () => {
      const sink = await stuckSink(protocol);
      const waiting = watch(publish(sink, "events"));
      await clock.advance(20);
      const opening = watch(sink.open(GO_ON));
      await clock.advance(1);
      expect(waiting.code).toBe("KAFKA_CLOSED");
      await clock.advance(2 * TIMEOUT_MS);
      expect(opening.code).toBe("TRANSACTION_UNFINISHED");
    });
  },
);

describe("a caller that no longer waits", () => {
  it.each([
    ["open", (sink: KafkaSink, signal: AbortSignal) => sink.open(signal)],
    ["peek", (sink: KafkaSink, signal: AbortSignal) => sink.peek(signal)],
    ["probe", (sink: KafkaSink, signal: AbortSignal) => sink.probe(signal)],
    ["preflight", (sink: KafkaSink, signal: AbortSignal) => sink.preflight(signal)],
    ["learn", (sink: KafkaSink, signal: AbortSignal) => sink.learn(["events"], false, signal)],
  ])("is told so at once by %s, although no broker answers", async (_, ask) => {
    channel.request = () => new Promise(() => undefined);
    const leaving = new AbortController();
    const waiting = watch(ask(newSink(), leaving.signal));
    await clock.advance(5_000);
    expect(waiting.code).toBe("open");
    leaving.abort();
    await clock.advance(0);
    expect(waiting.code).toBe("KAFKA_CLOSED");
  });

  it("is not waited for by an opening, which sends nothing more", async () => {
    const former = newSink({ instanceId: "former" });
    await done(former.open(GO_ON));
    cluster.headless = cluster.log("checkpoints", 0);
    const leaving = new AbortController();
    const waiting = watch(newSink().open(leaving.signal));
    await clock.advance(500);
    leaving.abort();
    await clock.advance(0);
    expect(waiting.code).toBe("KAFKA_CLOSED");
    const before = channel.asked;
    cluster.headless = undefined;
    await clock.advance(1_000);
    expect(channel.asked).toBe(before);
  });
});

describe("an opening that is given up", () => {
  it.each([
    ["open", (sink: KafkaSink, signal: AbortSignal) => sink.open(signal)],
    ["peek", (sink: KafkaSink, signal: AbortSignal) => sink.peek(signal)],
  ])("says which request has no answer in %s", async (_, ask) => {
    channel.request = () => new Promise(() => undefined);
    const leaving = new AbortController();
    const waiting = watch(ask(newSink(), leaving.signal));
    await clock.advance(5_000);
    leaving.abort();
    await clock.advance(0);
    expect(waiting.why).toMatch(/has not answered (Metadata|ListOffsets)/);
  });

  it.each([
    ["open", (sink: KafkaSink, signal: AbortSignal) => sink.open(signal)],
    ["peek", (sink: KafkaSink, signal: AbortSignal) => sink.peek(signal)],
  ])("says what it asked for again in %s", async (_, ask) => {
    cluster.headless = cluster.log("checkpoints", 0);
    const leaving = new AbortController();
    const waiting = watch(ask(newSink(), leaving.signal));
    await clock.advance(5_000);
    leaving.abort();
    await new Promise((resolve) => setImmediate(resolve));
    await clock.advance(0);
    expect(waiting.code).toBe("KAFKA_CLOSED");
    expect(waiting.why).toContain("has no leader");
  });
});

describe("a broker that hangs up", () => {
  const gone = (): RelayError =>
    new RelayError("Kafka does not answer", {
      code: "KAFKA_UNREACHABLE",
      remedy: "retry",
      hint: "",
    });

  it("on a request that was sent is shown with its name", async () => {
    channel.request = (_broker, _lane, _request, sent) => {
      sent?.();
      return Promise.reject(gone());
    };
    const waiting = watch(newSink().open(GO_ON));
    await clock.advance(1);
    expect(waiting.message).toBe("Kafka does not answer, after Metadata was sent");
  });

  it("before anything was sent is shown without", async () => {
    channel.request = () => Promise.reject(gone());
    const waiting = watch(newSink().open(GO_ON));
    await clock.advance(1);
    expect(waiting.message).toBe("Kafka does not answer");
  });
});

describe("the time that a sink has read", () => {
  it("grows by what brought it forward, and by nothing else", async () => {
    const sink = newSink();
    await done(sink.open(GO_ON));
    const { readingMs } = sink;
    expect(readingMs).toBeGreaterThan(0);
    expect(readingMs).toBeLessThan(clock.monotonicMs());
    cluster.headless = cluster.log("checkpoints", 0);
    watch(sink.peek(GO_ON));
    await clock.advance(TIMEOUT_MS);
    expect(sink.readingMs).toBe(readingMs);
  });
});

describe("a checkpoint topic that was deleted", () => {
  it.each(["exactly-once", "at-least-once"] as const)(
    "is named, and not made again by a sink that was at work, %s",
    async (delivery) => {
      const sink = newSink({ delivery });
      await done(sink.open(GO_ON));
      cluster.topics.delete("checkpoints");
      await expect(done(sink.open(GO_ON))).rejects.toMatchObject({
        code: "CHECKPOINT_MISSING",
        message: expect.stringContaining("checkpoints"),
        remedy: "retry",
      });
      expect(cluster.topics.has("checkpoints")).toBe(false);
    },
  );
});
