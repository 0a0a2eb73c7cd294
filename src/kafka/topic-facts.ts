import type { Clock } from "../relay/clock.ts";
import { describeTopicsRequest, readTopicConfigs } from "./api/describe-configs.ts";
import { askAgain } from "./ask-again.ts";
import type { BrokerChannel } from "./broker-channel.ts";
import { ERROR } from "./error-code.ts";

/** Kafka's default, for brokers that do not let us read the topic's own. */
export const MESSAGE_BYTES_MAX_DEFAULT = 1_048_588;

const SETTINGS = ["max.message.bytes", "remote.storage.enable", "message.timestamp.type"];

export interface TopicFact {
  /** `max.message.bytes`: the largest batch that may be stored. */
  readonly messageBytesMax: number;
  /** Whether all of the log is on its brokers; false where we may not know. */
  readonly isLocal: boolean;
  /** Whether records keep the timestamps of who wrote them; false where the brokers set their own, or we may not know. */
  readonly keepsTimestamps: boolean;
}

/** What reading needs to know of a topic's settings, asked for when it does and then kept. */
export class TopicFacts {
  readonly #channel: BrokerChannel;
  readonly #clock: Clock;
  readonly #unreachableMsMax: number;
  readonly #known = new Map<string, TopicFact>();

  constructor(channel: BrokerChannel, clock: Clock, unreachableMsMax: number) {
    this.#channel = channel;
    this.#clock = clock;
    this.#unreachableMsMax = unreachableMsMax;
  }

  async of(topic: string, signal: AbortSignal): Promise<TopicFact> {
    const known = this.#known.get(topic);
    if (known !== undefined) return known;
    const request = describeTopicsRequest([topic], SETTINGS);
    const answer = await askAgain(this.#clock, this.#unreachableMsMax, signal, () =>
      this.#channel.request("any", "coordinator", request),
    );
    const [config] = readTopicConfigs(answer);
    const isShown = config?.error === ERROR.none;
    const fact = {
      messageBytesMax: Number(config?.values.get("max.message.bytes") ?? MESSAGE_BYTES_MAX_DEFAULT),
      isLocal: isShown && config.values.get("remote.storage.enable") !== "true",
      keepsTimestamps: isShown && config.values.get("message.timestamp.type") === "CreateTime",
    };
    this.#known.set(topic, fact);
    return fact;
  }
}
