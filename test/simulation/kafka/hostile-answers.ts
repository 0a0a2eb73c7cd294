import type { BrokerRequest } from "../../../src/kafka/broker-channel.ts";
import type { Hostility } from "../../support/brokers/hostile/hostility.ts";
import { CHANGES, disturbed } from "../../support/brokers/hostile/hostility.ts";
import { refusal } from "../../support/brokers/hostile/refusal.ts";
import type { SimClock } from "../engine/sim-clock.ts";

export interface HostileAnswer {
  /** Null ends the connection; undefined is silence. */
  readonly bytes: Buffer | null | undefined;
  /** The broker takes nothing more on the connection for so long, ms. */
  readonly pauseMs: number;
}

/** What brokers answer while somebody is hostile; the truth otherwise. */
export class HostileAnswers {
  readonly #clock: SimClock;
  /** Null while nobody is. */
  hostility: Hostility | null = null;
  /** How many requests met a hostile answer so far. */
  met = 0;

  constructor(clock: SimClock) {
    this.#clock = clock;
  }

  /** `truth` lets the broker carry the request out. */
  async answer(request: BrokerRequest, truth: () => Promise<Buffer>): Promise<HostileAnswer> {
    const { hostility } = this;
    if (hostility?.apiKey !== request.apiKey || !this.#clock.chance(hostility.share))
      return { bytes: await truth(), pauseMs: 0 };
    this.met += 1;
    const bytes = await this.#hostile(hostility, request, truth);
    return { bytes, pauseMs: hostility.kind === "throttle" ? hostility.throttleMs : 0 };
  }

  async #hostile(
    hostility: Hostility,
    request: BrokerRequest,
    truth: () => Promise<Buffer>,
  ): Promise<HostileAnswer["bytes"]> {
    const below = (bound: number): number => this.#clock.below(bound);
    const isUntouched = !hostility.isApplied && CHANGES.has(request.apiKey);
    if (isUntouched && hostility.kind === "hang-up") return null;
    if (isUntouched && hostility.kind === "silence") return undefined;
    if (isUntouched && hostility.kind === "code" && hostility.isEverywhere)
      return refusal(request, hostility.code);
    return disturbed(hostility, request, await truth(), below);
  }
}
