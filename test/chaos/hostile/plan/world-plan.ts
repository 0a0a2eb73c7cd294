import { API_NAMES } from "../../../../src/kafka/api/names.ts";
import type { HostileKind } from "../../../support/brokers/hostile/hostility.ts";

export const CREATE_TOPICS = 19;

/** Names of all requests that the relay sends, by their keys. */
export const REQUEST_NAMES = API_NAMES;

export type MiddleKind =
  | HostileKind
  /** The answer comes late. */
  | "late"
  /** The request comes to the broker late. */
  | "held"
  /** The beginning of the answer, then the end of the connection. */
  | "torn"
  /** An answer about nothing: every list in it is empty. */
  | "empty";

/** What stands between relay and broker does this to one kind of request. */
export interface Hostility {
  readonly apiKey: number;
  readonly kind: MiddleKind;
  /** Of `code`, and of what an empty answer says at its top. */
  readonly code: number;
  /** Whether the broker carries out what is answered with an error, or not at all. */
  readonly isApplied: boolean;
  /** In each place of the answer, or in one. */
  readonly isEverywhere: boolean;
  /** Share of the requests that meet it. */
  readonly share: number;
  /** Of `late` and `held`, ms. */
  readonly delayMs: number;
}

/** How long it goes on: for one request, for `forMs`, or until something was asked of the relay. */
export type Duration = "once" | "a-while" | "lasting";

/** What happens to the relay as it begins. `cut`: its next request ends the connection. */
export type Unsettling = "none" | "cut" | "restart" | "kill";

/** What is asked of a relay while it lasts. `elsewhere`: a new one starts at an address where nobody is hostile. */
export type Ending = "stop" | "kill" | "stall" | "elsewhere" | "none";

export interface Episode {
  /** All at once. */
  readonly hostilities: readonly Hostility[];
  readonly duration: Duration;
  readonly forMs: number;
  readonly unsettling: Unsettling;
  readonly ending: Ending;
  /** While it lasts nobody writes for some seconds, and requests are counted. */
  readonly countsRequests: boolean;
  /** The next one begins only once all rows are published. */
  readonly isSettled: boolean;
}

export interface WorldPlan {
  readonly seed: number;
  readonly number: number;
  /** A process of its own, which can be killed. */
  readonly isApart: boolean;
  /** Hostility begins before the first start of the relay, which then publishes what the table holds. */
  readonly isHostileFirst: boolean;
  readonly delivery: "exactly-once" | "at-least-once";
  readonly protocol: "auto" | "v1";
  readonly transactionalIds: number;
  readonly batchEvents: number;
  readonly requestTimeoutMs: number;
  /** Topics that are missing are made by the relay. */
  readonly createsTopics: boolean;
  readonly episodes: readonly Episode[];
}
