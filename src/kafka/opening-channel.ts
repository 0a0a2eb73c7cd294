import type {
  BrokerAddress,
  BrokerChannel,
  BrokerId,
  BrokerRequest,
  Lane,
} from "./broker-channel.ts";
import { openingGivenUp } from "./kafka-error.ts";

/**
 * The way to the brokers of one opening of the sink. Once the opening has ended it sends nothing, over whatever
 * connection, and callers that wait for an answer are rejected at once. Rejects as other channels do: the outcome is unknown.
 */
export class OpeningChannel implements BrokerChannel {
  readonly #channel: BrokerChannel;
  readonly #ended: AbortSignal;

  /** `ended`: aborted when the opening ends. */
  constructor(channel: BrokerChannel, ended: AbortSignal) {
    this.#channel = channel;
    this.#ended = ended;
  }

  get isReachable(): boolean {
    return this.#channel.isReachable;
  }

  get bootstrap(): string | undefined {
    return this.#channel.bootstrap;
  }

  get connectedBrokers(): number {
    return this.#channel.connectedBrokers;
  }

  request(
    broker: BrokerId,
    lane: Lane,
    request: BrokerRequest,
    sent?: () => void,
  ): Promise<Buffer> {
    return whileWanted(this.#ended, () => this.#channel.request(broker, lane, request, sent));
  }

  setBrokers(brokers: readonly BrokerAddress[]): void {
    if (!this.#ended.aborted) this.#channel.setBrokers(brokers);
  }

  close(): void {
    this.#channel.close();
  }
}

/** What `work` comes to; rejects with RelayError KAFKA_CLOSED as soon as `signal` is aborted, and does not begin after that. */
export function whileWanted<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  if (signal.aborted) return Promise.reject(openingGivenUp());
  return new Promise((resolve, reject) => {
    const giveUp = (): void => reject(openingGivenUp());
    signal.addEventListener("abort", giveUp, { once: true });
    work()
      .finally(() => signal.removeEventListener("abort", giveUp))
      .then(resolve, reject);
  });
}
