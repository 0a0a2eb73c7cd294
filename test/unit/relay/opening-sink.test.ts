import { beforeEach, describe, expect, it } from "@jest/globals";
import { openingGivenUp } from "../../../src/kafka/kafka-error.ts";
import { whileWanted } from "../../../src/kafka/opening-channel.ts";
import { RelayError } from "../../../src/relay/errors.ts";
import { LAST_BATCHES_MS, SERVER_SHUTDOWN_GRACE_MS } from "../../../src/relay/options.ts";
import { ModelCluster, ModelSink } from "../../support/model/model-kafka.ts";
import { ModelPostgres } from "../../support/model/model-postgres.ts";
import { MODEL_OPTIONS, ModelRelay } from "../../support/model/model-relay.ts";
import { VirtualClock } from "../../support/model/virtual-clock.ts";

const REFUSED = new RelayError("Kafka answers Produce with an error", {
  code: "KAFKA_ERROR",
  remedy: "retry",
  hint: "wait",
});
const STEP_MS = 10;
const RELEASE_MS = 3_000;
/** Between two looks at a stall. */
const LOOK_MS = 250;

/** Its opening, or its look before that, comes to no end by itself once it is told so. */
class EndlessSink extends ModelSink {
  endless: "nothing" | "open" | "peek" | "learn" = "nothing";
  /** Lets what hangs go on. */
  goOn: () => void = () => undefined;

  override async open(signal?: AbortSignal): Promise<Uint8Array | null> {
    if (this.endless === "open") await this.#hang(signal);
    return super.open();
  }

  override async peek(signal?: AbortSignal): Promise<Uint8Array | null> {
    // Others look before they have the slot.
    if (this.endless === "peek" && postgres.isStreaming) await this.#hang(signal);
    return super.peek();
  }

  override async learn(
    topics: readonly string[],
    _again?: boolean,
    signal?: AbortSignal,
  ): Promise<void> {
    if (this.endless === "learn") await this.#hang(signal);
    return super.learn(topics);
  }

  #hang(signal = new AbortController().signal): Promise<void> {
    return whileWanted(
      signal,
      () => new Promise((resolve) => void (this.goOn = resolve)),
      (reject) => reject(openingGivenUp(REFUSED)),
    );
  }
}

let clock: VirtualClock;
let postgres: ModelPostgres;
let sink: EndlessSink;
let relay: ModelRelay;

/** A relay that has taken the slot again, and whose sink hangs. */
async function hangingRelay(endless: EndlessSink["endless"], releaseMs: number): Promise<void> {
  clock = new VirtualClock();
  postgres = new ModelPostgres();
  sink = new EndlessSink(new ModelCluster(), clock);
  relay = new ModelRelay(postgres, sink, clock, { sinkStallReleaseMs: releaseMs });
  await clock.advance(1_000);
  sink.endless = endless;
  postgres.cut();
  await clock.advance(1_000);
  expect(postgres.isStreaming).toBe(true);
}

/** How long the slot is still held, ms. */
async function heldMs(): Promise<number> {
  let ms = 0;
  for (; postgres.isStreaming && ms < 60_000; ms += STEP_MS) await clock.advance(STEP_MS);
  return ms;
}

describe("a relay whose sink does not open", () => {
  beforeEach(() => hangingRelay("open", MODEL_OPTIONS.sinkStallReleaseMs));

  it("lets a server go that shuts down, within five seconds and the time for last batches", async () => {
    postgres.shutDown();
    // The model goes on, so that the relay is back soon.
    expect(await heldMs()).toBeLessThanOrEqual(SERVER_SHUTDOWN_GRACE_MS + LAST_BATCHES_MS);
  });

  it("ends at SIGTERM within its time-out and the time for last batches", async () => {
    let hasEnded = false;
    void relay.ended.then(() => void (hasEnded = true));
    relay.stop();
    await clock.advance(MODEL_OPTIONS.shutdownTimeoutMs + LAST_BATCHES_MS);
    expect([hasEnded, postgres.isStreaming]).toEqual([true, false]);
  });
});

describe.each(["open", "peek"] as const)("a relay whose sink hangs in its first %s", (endless) => {
  beforeEach(() => hangingRelay(endless, RELEASE_MS));

  it("lets the slot go after the release time, and says what the sink was at", async () => {
    expect(await heldMs()).toBeLessThanOrEqual(RELEASE_MS + LAST_BATCHES_MS);
    await clock.advance(1);
    const { name, reason } = relay.relay.state;
    expect([name, reason?.code]).toEqual(["stalled", "SINK_STALLED"]);
    expect(reason?.message).toContain(REFUSED.message);
  });

  it("keeps the slot while the sink reads a long log, and no longer", async () => {
    const { opens } = postgres;
    for (let ms = 0; ms < 4 * RELEASE_MS; ms += STEP_MS) {
      await clock.advance(STEP_MS);
      sink.readingMs += STEP_MS;
    }
    // A slot that was let go and taken again is no slot that was kept.
    expect([postgres.opens, postgres.isStreaming]).toEqual([opens, true]);
    expect(await heldMs()).toBeLessThanOrEqual(RELEASE_MS + LAST_BATCHES_MS);
  });

  it("counts the time for the records only from the end of the opening", async () => {
    const { opens } = postgres;
    sink.fate = () => ({ apply: true, answer: true, delayMs: RELEASE_MS - LOOK_MS });
    postgres.commit([{ id: "1", key: "k" }]);
    await clock.advance(RELEASE_MS - 1_000 - 2 * LOOK_MS);
    sink.endless = "nothing";
    sink.goOn();
    await clock.advance(RELEASE_MS);
    expect([postgres.opens, postgres.isStreaming]).toEqual([opens, true]);
    expect(relay.relay.state.reason).toBeNull();
  });
});

describe("a relay whose sink hangs while it learns a topic", () => {
  beforeEach(() => hangingRelay("learn", RELEASE_MS));

  it("lets the slot go after the release time, and says what the sink was at", async () => {
    postgres.commit([{ id: "1", key: "k" }]);
    expect(await heldMs()).toBeLessThanOrEqual(RELEASE_MS + LAST_BATCHES_MS);
    await clock.advance(1);
    const { name, reason } = relay.relay.state;
    expect([name, reason?.code]).toEqual(["stalled", "SINK_STALLED"]);
    expect(reason?.message).toContain(REFUSED.message);
  });
});
