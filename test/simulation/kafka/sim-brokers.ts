import type { BrokerRequest } from "../../../src/kafka/broker-channel.ts";
import type { ModelClusterOptions } from "../../support/brokers/model-cluster.ts";
import { ModelCluster } from "../../support/brokers/model-cluster.ts";
import type { SimClock } from "../engine/sim-clock.ts";
import type { SimProcess } from "../engine/sim-process.ts";
import { HostileAnswers } from "./hostile-answers.ts";
import type { SimChannel } from "./sim-channel.ts";

const EXPIRY_SCAN_MS = 1_000;

/** What is lost between a process and a broker without anybody being told. */
export type Silence = "requests" | "answers";

/** Sees each request that reaches a broker. */
export type RequestWatch = (process: SimProcess, broker: number, request: BrokerRequest) => void;

/** The model cluster and its network. */
export class SimBrokers {
  readonly clock: SimClock;
  readonly cluster: ModelCluster;
  readonly hostile: HostileAnswers;
  readonly #watch: RequestWatch;
  readonly #channels = new Set<SimChannel>();
  readonly #incarnations = new Map<number, number>();
  readonly #silences = new Set<string>();
  /** Is called with a request that makes no sense; nobody else answers it. */
  unreadable: (process: SimProcess, broker: number, error: unknown) => void = () => undefined;
  /** How many requests of each API reached brokers so far. */
  readonly asked = new Map<number, number>();
  slowMs = 0;
  /** Requests of broken connections that are still under way. */
  stragglers = 0;

  constructor(options: Omit<ModelClusterOptions, "random">, clock: SimClock, watch: RequestWatch) {
    this.clock = clock;
    this.hostile = new HostileAnswers(clock);
    this.#watch = watch;
    this.cluster = new ModelCluster({ ...options, random: () => clock.random() }, clock);
    this.#scan();
  }

  add(channel: SimChannel): void {
    this.#channels.add(channel);
  }

  remove(channel: SimChannel): void {
    this.#channels.delete(channel);
  }

  saw(process: SimProcess, broker: number, request: BrokerRequest): void {
    this.asked.set(request.apiKey, (this.asked.get(request.apiKey) ?? 0) + 1);
    this.#watch(process, broker, request);
  }

  incarnation(broker: number): number {
    return this.#incarnations.get(broker) ?? 0;
  }

  latencyMs(): number {
    const base = 0.1 + this.clock.random() * 1.5;
    return this.clock.chance(0.02)
      ? base + this.clock.random() * 40
      : base + this.slowMs * this.clock.random();
  }

  /** SIGKILL: every connection breaks, and the broker is away until `start`. */
  kill(broker: number): void {
    this.cluster.kill(broker);
    this.#incarnations.set(broker, this.incarnation(broker) + 1);
    for (const channel of this.#channels) channel.cut(broker);
  }

  start(broker: number): void {
    this.cluster.start(broker);
  }

  cutAll(): void {
    for (const channel of this.#channels) channel.cut();
  }

  silence(process: SimProcess, broker: number, what: Silence): void {
    this.#silences.add(`${process.name} ${broker} ${what}`);
  }

  isSilent(process: SimProcess, broker: number, what: Silence): boolean {
    return this.#silences.has(`${process.name} ${broker} ${what}`);
  }

  heal(): void {
    this.slowMs = 0;
    this.hostile.hostility = null;
    this.cluster.inject = () => null;
    for (const id of this.cluster.brokerIds) this.start(id);
    if (this.#silences.size > 0) this.cutAll();
    this.#silences.clear();
  }

  #scan(): void {
    this.clock.after(EXPIRY_SCAN_MS, () => {
      this.cluster.transactions.expire();
      this.#scan();
    });
  }
}
