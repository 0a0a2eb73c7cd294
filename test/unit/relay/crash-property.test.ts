import { describe, expect, it } from "@jest/globals";
import { textOf } from "../../../src/relay/event/ascii.ts";
import { coveredLsn } from "../../../src/relay/progress.ts";
import { decodeCheckpoint } from "../../../src/relay/settle/checkpoint.ts";
import type { Fate } from "../../support/model/model-kafka.ts";
import { GOOD_FATE, ModelCluster, ModelSink } from "../../support/model/model-kafka.ts";
import { ModelPostgres } from "../../support/model/model-postgres.ts";
import { ModelRelay } from "../../support/model/model-relay.ts";
import { MortalClock } from "../../support/model/mortal-clock.ts";
import { VirtualClock } from "../../support/model/virtual-clock.ts";

const RUNS = 100;
const STEPS = 60;

/** One world with faults drawn from a seed; heals at the end and tells what reached Kafka. */
class World {
  readonly clock: VirtualClock;
  readonly postgres = new ModelPostgres();
  readonly cluster = new ModelCluster();
  readonly #relays: ModelRelay[] = [];
  #process: MortalClock;
  #fate: Fate = () => ({
    apply: this.clock.random() < 0.9,
    answer: this.clock.random() < 0.9,
    delayMs: this.#below(40),
  });
  #ids = 0;

  constructor(seed: number) {
    this.clock = new VirtualClock(seed);
    this.#process = this.#start();
  }

  #start(): MortalClock {
    const process = new MortalClock(this.clock);
    const sink = new ModelSink(this.cluster, process, () => this.#fate());
    this.#relays.push(new ModelRelay(this.postgres, sink, process));
    return process;
  }

  #below(bound: number): number {
    return Math.floor(this.clock.random() * bound);
  }

  async step(): Promise<void> {
    const draw = this.clock.random();
    if (draw < 0.6) this.#commit();
    else if (draw < 0.7) this.postgres.otherWal(1 + this.#below(1000));
    else if (draw < 0.8) this.postgres.keepalive(this.clock.random() < 0.5);
    else if (draw < 0.84) this.postgres.cut();
    else if (draw < 0.87) this.postgres.crash();
    else if (draw < 0.9) this.cluster.isDown = !this.cluster.isDown;
    else if (draw < 0.96) this.#crash();
    await this.clock.advance(this.#below(draw < 0.95 ? 20 : 4_000));
    this.#checkLadder();
  }

  #commit(): void {
    const count = 1 + this.#below(9);
    const rows = Array.from({ length: count }, () => {
      this.#ids += 1;
      return { id: String(this.#ids), key: String(this.#below(3)) };
    });
    this.postgres.commit(rows);
  }

  /** The process dies where it stands, or only loses its slot without noticing and acts on as a zombie. */
  #crash(): void {
    this.postgres.abandon();
    if (this.clock.random() < 0.5) this.#process.die();
    this.#process = this.#start();
  }

  /** Nothing is ever confirmed that no durable checkpoint covers. */
  #checkLadder(): void {
    const last = this.cluster.checkpoints.at(-1);
    const covered = last === undefined ? 1000n : coveredLsn(decodeCheckpoint(last));
    for (const confirmed of this.postgres.confirmations) expect(confirmed <= covered).toBe(true);
  }

  async heal(): Promise<string[]> {
    this.cluster.isDown = false;
    this.#fate = GOOD_FATE;
    // Zombies hear of their successors one after the other, each at its next checkpoint.
    for (let round = 0; round < 10; round++) {
      await this.clock.advance(30_000);
      this.postgres.keepalive(true);
      await this.clock.advance(1_000);
      if (this.postgres.confirmed === this.postgres.walEnd) break;
    }
    return this.cluster.records.map(({ headers }) => textOf(headers[0]?.value as Uint8Array));
  }

  get isStreaming(): boolean {
    return this.#relays.some(({ relay }) => relay.state.name === "streaming");
  }

  get committed(): string[] {
    return this.postgres.transactions.flatMap(({ rows }) => rows.map(({ id }) => id));
  }
}

describe("the core under random faults", () => {
  it("publishes every committed row once and in commit order, and confirms nothing early", async () => {
    const base = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
    for (let run = 0; run < RUNS; run++) {
      const seed = base + run;
      const world = new World(seed);
      for (let step = 0; step < STEPS; step++) await world.step();
      const published = await world.heal();
      expect({ seed, published }).toEqual({ seed, published: world.committed });
      expect({ seed, isStreaming: world.isStreaming }).toEqual({ seed, isStreaming: true });
      expect({ seed, confirmed: world.postgres.confirmed }).toEqual({
        seed,
        confirmed: world.postgres.walEnd,
      });
    }
  });
});
