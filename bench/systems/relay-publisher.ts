import { setTimeout as delay } from "node:timers/promises";
import { BenchRelay } from "../rig.ts";
import type { World } from "../servers/world.ts";
import type { Publisher, Run, Running } from "./system.ts";

const PROGRAM = "dist/main.js";
const FREED_MS = 50;

/** The relay as users run it: a process for each run, built, with every default but those of the run. */
export class RelayPublisher implements Publisher {
  readonly #world: World;
  readonly #settings: Readonly<Record<string, string>>;
  readonly #program: string;

  constructor(world: World, settings: Readonly<Record<string, string>>, program = PROGRAM) {
    this.#world = world;
    this.#settings = settings;
    this.#program = program;
  }

  /** The first start makes slot and checkpoint. */
  async prepare(run: Run): Promise<void> {
    const first = await this.begin(run);
    await first.stop();
    while (await this.#isHeld(run)) await delay(FREED_MS);
  }

  async begin(run: Run): Promise<Running> {
    const relay = this.start(run);
    await relay.streaming();
    return { pid: relay.pid, stop: () => relay.stop() };
  }

  /** The process itself, for those who look closer. */
  start(run: Run): BenchRelay {
    const own = { RELAY_SLOT_NAME: run, RELAY_TOPIC_TEMPLATE: `${run}.\${routedByValue}` };
    const env = { ...this.#world.relayEnv, ...this.#settings, ...own };
    const relay = new BenchRelay(env, this.#program);
    this.#world.guard.watch(relay.child, "KILL");
    return relay;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #isHeld(slot: string): Promise<boolean> {
    const { rows } = await this.#world.client.query<{ active: boolean }>(
      "select active from pg_replication_slots where slot_name = $1",
      [slot],
    );
    return rows[0]?.active === true;
  }
}
