import { systemClock } from "../../../../src/ops/system-clock.ts";
import { pause } from "../../../../src/relay/clock.ts";
import { until } from "../../../support/until.ts";
import type { Lane, PlannedFault } from "../plan/fault.ts";
import { describeFault, LANES } from "../plan/fault.ts";
import type { Battlefield } from "./battlefield.ts";
import { strike } from "./strike.ts";

/** In a calm something must be published within this time. */
const PROGRESS_DEADLINE_MS = 60_000;
const REST_DEADLINE_MS = 120_000;

/** Carries out a plan: each lane one after the other, the lanes beside each other. */
export class Nemesis {
  readonly #plan: readonly PlannedFault[];
  readonly #field: Battlefield;
  /** Records that consumers have seen so far. */
  readonly #published: () => number;
  readonly #active = new Map<Lane, PlannedFault>();
  readonly executed: PlannedFault[] = [];
  #isCalm = false;
  #disturbedMs = Number.NEGATIVE_INFINITY;

  constructor(plan: readonly PlannedFault[], field: Battlefield, published: () => number) {
    this.#plan = plan;
    this.#field = field;
    this.#published = published;
  }

  /** Names of what goes on. */
  get active(): string {
    return [...this.#active.values()].map(({ fault }) => fault.name).join(", ");
  }

  /** Whether anything but relays was or is broken since `sinceMs`, on the monotonic clock. */
  isDisturbedSince(sinceMs: number): boolean {
    const isActive = this.#active.has("postgres") || this.#active.has("kafka");
    return isActive || this.#disturbedMs >= sinceMs;
  }

  /** Resolves when the plan is done or, after `stop`, what had begun is undone. */
  async run(stop: AbortSignal): Promise<void> {
    await Promise.all(LANES.map((lane) => this.#runLane(lane, stop)));
  }

  async #runLane(lane: Lane, stop: AbortSignal): Promise<void> {
    for (const planned of this.#plan.filter((one) => one.lane === lane)) {
      await pause(systemClock, planned.atMs - this.#field.log.elapsedMs, stop);
      if (lane !== "calm")
        await until(() => !this.#isCalm || stop.aborted, REST_DEADLINE_MS * 2, "a calm to end");
      if (stop.aborted) return;
      await this.#execute(planned, stop);
    }
  }

  async #execute(planned: PlannedFault, stop: AbortSignal): Promise<void> {
    const { lane, fault } = planned;
    const { log, pool } = this.#field;
    log.note(`begin ${describeFault(fault)} (planned for ${planned.atMs} ms)`);
    this.#active.set(lane, planned);
    try {
      if (lane === "calm") await this.#comeToRest(stop);
      await strike(this.#field, fault);
      this.executed.push(planned);
    } catch (error) {
      pool.troubles.push(`${describeFault(fault)}: ${String(error)}`);
      log.note(`TROUBLE ${String(error)}`);
    } finally {
      this.#active.delete(lane);
      if (lane === "postgres" || lane === "kafka") this.#disturbedMs = systemClock.monotonicMs();
      if (lane === "calm") this.#isCalm = false;
      log.note(`end   ${fault.name}`);
    }
  }

  /** No other fault begins from now on; resolves when none goes on and something was published since. */
  async #comeToRest(stop: AbortSignal): Promise<void> {
    this.#isCalm = true;
    await until(() => this.#active.size === 1 || stop.aborted, REST_DEADLINE_MS, "faults to end");
    const before = this.#published();
    await until(
      () => this.#published() > before || stop.aborted,
      PROGRESS_DEADLINE_MS,
      "anything to be published in a calm",
    );
  }
}
