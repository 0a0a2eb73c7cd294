import type { BrokerRequest } from "../../../src/kafka/broker-channel.ts";
import { answer } from "../../support/brokers/model-broker.ts";
import type { SimProcess } from "../engine/sim-process.ts";
import type { SimBrokers } from "./sim-brokers.ts";

/** Gets the answer, or null when the connection broke before it came. */
type Callback = (answer: Buffer | null) => void;

interface Exchange {
  request: BrokerRequest;
  readonly callback: Callback;
  isArrived: boolean;
}

/**
 * One connection: bytes keep their order both ways, and the broker reads a request only after it has answered the one
 * before. When it breaks, requests that were under way still arrive or do not, the first ones rather than the last, at
 * once or much later; answers under way are lost.
 *
 * Memory of a request is read when it arrives, as a socket that is busy does: code that uses it again too early sends something else.
 */
export class SimConnection {
  readonly broker: number;
  readonly #brokers: SimBrokers;
  readonly #process: SimProcess;
  readonly #incarnation: number;
  readonly #unanswered: Exchange[] = [];
  readonly #inbox: Exchange[] = [];
  #isServing = false;
  #isCut = false;
  #lastArrivalMs = 0;
  #lastAnswerMs = 0;

  constructor(broker: number, brokers: SimBrokers, process: SimProcess) {
    this.broker = broker;
    this.#brokers = brokers;
    this.#process = process;
    this.#incarnation = brokers.incarnation(broker);
  }

  send(request: BrokerRequest, callback: Callback): void {
    const exchange: Exchange = { request, callback, isArrived: false };
    this.#unanswered.push(exchange);
    this.#lastArrivalMs = this.#inOrder(this.#lastArrivalMs);
    const { clock } = this.#brokers;
    clock.after(this.#lastArrivalMs - clock.monotonicMs(), () => this.#arrive(exchange));
  }

  cut(): void {
    if (this.#isCut) return;
    this.#isCut = true;
    const waiting = this.#unanswered.splice(0);
    for (const { callback } of waiting) this.#process.deliver(() => callback(null));
    const underWay = waiting.filter(({ isArrived }) => !isArrived);
    for (const exchange of underWay) copyPayload(exchange);
    this.#straggle(underWay);
  }

  /** What may still reach the broker after the break, in order. */
  #straggle(underWay: readonly Exchange[]): void {
    const { clock } = this.#brokers;
    const count = clock.below(underWay.length + 1);
    const delayMs = clock.chance(0.3) ? clock.random() * 8_000 : clock.random() * 3;
    for (const exchange of underWay.slice(0, count)) {
      this.#brokers.stragglers += 1;
      clock.after(delayMs, () => {
        this.#brokers.stragglers -= 1;
        this.#take(exchange);
      });
    }
  }

  #arrive(exchange: Exchange): void {
    if (this.#isCut || this.#brokers.isSilent(this.#process, this.broker, "requests")) return;
    this.#take(exchange);
  }

  #take(exchange: Exchange): void {
    copyPayload(exchange);
    exchange.isArrived = true;
    if (!this.#isBrokerThere) return;
    this.#inbox.push(exchange);
    void this.#serve();
  }

  async #serve(): Promise<void> {
    if (this.#isServing) return;
    this.#isServing = true;
    for (let next = this.#inbox.shift(); next !== undefined; next = this.#inbox.shift()) {
      const { cluster, clock, hostile } = this.#brokers;
      const { request } = next;
      this.#brokers.saw(this.#process, this.broker, request);
      try {
        const { bytes, pauseMs } = await hostile.answer(request, () =>
          answer(cluster, clock, this.broker, request),
        );
        if (bytes === null) this.cut();
        else if (bytes !== undefined && this.#isBrokerThere) this.#reply(next, bytes);
        if (pauseMs > 0) await new Promise<void>((resolve) => clock.after(pauseMs, resolve));
      } catch (error) {
        this.#brokers.unreadable(this.#process, this.broker, error);
      }
    }
    this.#isServing = false;
  }

  #reply(exchange: Exchange, bytes: Buffer): void {
    if (this.#isCut) return;
    const { clock } = this.#brokers;
    this.#lastAnswerMs = this.#inOrder(this.#lastAnswerMs);
    clock.after(this.#lastAnswerMs - clock.monotonicMs(), () => {
      if (this.#isCut || this.#brokers.isSilent(this.#process, this.broker, "answers")) return;
      const at = this.#unanswered.indexOf(exchange);
      if (at < 0) return;
      this.#unanswered.splice(at, 1);
      this.#process.deliver(() => exchange.callback(bytes));
    });
  }

  /** A broker that was killed and started again knows nothing of its former connections. */
  get #isBrokerThere(): boolean {
    const { cluster } = this.#brokers;
    return (
      cluster.isUp(this.broker) && this.#brokers.incarnation(this.broker) === this.#incarnation
    );
  }

  #inOrder(lastMs: number): number {
    const { clock } = this.#brokers;
    return Math.max(lastMs, clock.monotonicMs() + this.#brokers.latencyMs());
  }
}

function copyPayload(exchange: Exchange): void {
  const { request } = exchange;
  exchange.request = { ...request, payload: Buffer.from(request.payload) };
}
