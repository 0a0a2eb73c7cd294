import { beforeEach, describe, expect, it } from "@jest/globals";
import { whileWanted } from "../../../src/kafka/opening-channel.ts";
import { LAST_BATCHES_MS, SERVER_SHUTDOWN_GRACE_MS } from "../../../src/relay/options.ts";
import { ModelCluster, ModelSink } from "../../support/model/model-kafka.ts";
import { ModelPostgres } from "../../support/model/model-postgres.ts";
import { MODEL_OPTIONS, ModelRelay } from "../../support/model/model-relay.ts";
import { VirtualClock } from "../../support/model/virtual-clock.ts";

/** Its opening comes to no end by itself once it is told so. */
class EndlessSink extends ModelSink {
  isEndless = false;

  override open(signal?: AbortSignal): Promise<Uint8Array | null> {
    if (!this.isEndless) return super.open();
    return whileWanted(signal ?? new AbortController().signal, () => new Promise(() => undefined));
  }
}

const STEP_MS = 10;

let clock: VirtualClock;
let postgres: ModelPostgres;
let relay: ModelRelay;

beforeEach(async () => {
  clock = new VirtualClock();
  postgres = new ModelPostgres();
  const sink = new EndlessSink(new ModelCluster(), clock);
  relay = new ModelRelay(postgres, sink, clock);
  await clock.advance(1_000);
  sink.isEndless = true;
  postgres.cut();
  await clock.advance(1_000);
});

describe("a relay whose sink does not open", () => {
  it("lets a server go that shuts down, within five seconds and the time for last batches", async () => {
    expect(postgres.isStreaming).toBe(true);
    postgres.shutDown();
    // The model goes on, so that the relay is back soon.
    let freeAfterMs = 0;
    while (postgres.isStreaming && freeAfterMs < 60_000) {
      await clock.advance(STEP_MS);
      freeAfterMs += STEP_MS;
    }
    expect(freeAfterMs).toBeLessThanOrEqual(SERVER_SHUTDOWN_GRACE_MS + LAST_BATCHES_MS);
  });

  it("ends at SIGTERM within its time-out and the time for last batches", async () => {
    let hasEnded = false;
    void relay.ended.then(() => void (hasEnded = true));
    relay.stop();
    await clock.advance(MODEL_OPTIONS.shutdownTimeoutMs + LAST_BATCHES_MS);
    expect([hasEnded, postgres.isStreaming]).toEqual([true, false]);
  });
});
