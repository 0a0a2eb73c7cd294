import { RelayError } from "../relay/errors.ts";
import { apiName } from "./api/names.ts";
import { throttleMsOf } from "./api/throttle-time.ts";
import type {
  BrokerAddress,
  BrokerChannel,
  BrokerId,
  BrokerRequest,
  Lane,
} from "./broker-channel.ts";
import { lostRequest } from "./connection-fault.ts";
import { openingGivenUp } from "./kafka-error.ts";
import type { Throttles } from "./throttles.ts";
import { lostInPause } from "./throttles.ts";

interface Asked {
  readonly broker: BrokerId;
  readonly lane: Lane;
  readonly apiKey: number;
}

/**
 * The way to the brokers of one opening of the sink. Once the opening has ended it sends nothing, over whatever
 * connection, and callers that wait for an answer are rejected at once. Rejects as other channels do: the outcome is unknown.
 */
export class OpeningChannel implements BrokerChannel {
  readonly #channel: BrokerChannel;
  readonly #ended: AbortSignal;
  readonly #asked = new Set<Asked>();
  readonly #throttles: Throttles;

  /** `throttles` records the pauses that answers ask for. `ended`: aborted when the opening ends. */
  constructor(channel: BrokerChannel, throttles: Throttles, ended: AbortSignal) {
    this.#channel = channel;
    this.#ended = ended;
    this.#throttles = throttles;
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

  /** The request that waits for its answer the longest; null when none waits. */
  get unanswered(): RelayError | null {
    const [oldest] = this.#asked;
    return oldest === undefined ? null : this.#unanswered(oldest);
  }

  request(
    broker: BrokerId,
    lane: Lane,
    request: BrokerRequest,
    sent?: () => void,
  ): Promise<Buffer> {
    const asked = { broker, lane, apiKey: request.apiKey };
    const ask = async (): Promise<Buffer> => {
      this.#asked.add(asked);
      try {
        return await this.#ask(broker, lane, request, sent);
      } finally {
        this.#asked.delete(asked);
      }
    };
    return whileWanted(this.#ended, ask, (reject) =>
      reject(openingGivenUp(this.#unanswered(asked))),
    );
  }

  async #ask(
    broker: BrokerId,
    lane: Lane,
    request: BrokerRequest,
    sent: () => void = () => undefined,
  ): Promise<Buffer> {
    let isSent = false;
    const note = (): void => {
      isSent = true;
      sent();
    };
    const pause = this.#throttles.of(broker, lane);
    try {
      const answer = await this.#channel.request(broker, lane, request, note);
      const pauseMs = throttleMsOf(request, answer);
      if (pauseMs !== null) this.#throttles.note(broker, lane, apiName(request.apiKey), pauseMs);
      return answer;
    } catch (error) {
      const throttle = pause ?? this.#throttles.of(broker, lane);
      this.#throttles.forget(broker, lane);
      throw isSent ? lostInPause(lostRequest(error, request.apiKey), throttle) : error;
    }
  }

  #unanswered({ broker, lane, apiKey }: Asked): RelayError {
    return lostInPause(unanswered(broker, apiKey), this.#throttles.of(broker, lane));
  }

  setBrokers(brokers: readonly BrokerAddress[]): void {
    if (!this.#ended.aborted) this.#channel.setBrokers(brokers);
  }

  close(): void {
    this.#channel.close();
  }
}

/**
 * What `work` comes to; rejects with RelayError KAFKA_CLOSED as soon as `signal` is aborted, and does not begin after that.
 * `leave`: how it rejects then.
 */
export function whileWanted<T>(
  signal: AbortSignal,
  work: () => Promise<T>,
  leave: (reject: (reason: unknown) => void) => void = (reject) => reject(openingGivenUp()),
): Promise<T> {
  if (signal.aborted) return Promise.reject(openingGivenUp());
  return new Promise((resolve, reject) => {
    const giveUp = (): void => leave(reject);
    signal.addEventListener("abort", giveUp, { once: true });
    work()
      .finally(() => signal.removeEventListener("abort", giveUp))
      .then(resolve, reject);
  });
}

function unanswered(broker: BrokerId, apiKey: number): RelayError {
  const who = broker === "any" ? "a broker" : `broker ${broker}`;
  return new RelayError(`${who} has not answered ${apiName(apiKey)}`, {
    code: "KAFKA_UNREACHABLE",
    remedy: "retry",
    hint: "Look at that broker; the relay keeps trying.",
  });
}
