import { apiName } from "../../../../src/kafka/api/names.ts";
import type { BrokerRequest } from "../../../../src/kafka/broker-channel.ts";
import { errorPlaces } from "./error-places.ts";
import { throttledAnswer } from "./throttled.ts";

/** Requests that change something: one that is answered with an error may have been carried out or not. */
export const CHANGES: ReadonlySet<number> = new Set([0, 19, 22, 24, 26]);
const JUNK_BYTES = 9;
export const INT32_MAX = 0x7fff_ffff;

export type HostileKind =
  /** An error code, in one place of the answer or in all. */
  | "code"
  /** The broker ends the connection instead. */
  | "hang-up"
  /** No answer ever comes. */
  | "silence"
  /** Part of the answer. */
  | "less"
  /** The answer with something behind it. */
  | "more"
  /** The answer asks for a pause, and nothing more is answered on the connection until it is over. */
  | "throttle";

export interface Hostility {
  readonly apiKey: number;
  readonly kind: HostileKind;
  readonly code: number;
  /** Whether the broker has carried out what it answers with an error. */
  readonly isApplied: boolean;
  /** In each place of the answer, or in one. */
  readonly isEverywhere: boolean;
  /** Share of the requests that meet it. */
  readonly share: number;
  /** Of `throttle`, ms. */
  readonly throttleMs: number;
}

/** What becomes of an answer; null ends the connection, undefined is silence. */
export function disturbed(
  { kind, code, isEverywhere, throttleMs }: Hostility,
  { apiKey, apiVersion }: BrokerRequest,
  truth: Buffer,
  below: (bound: number) => number,
): Buffer | null | undefined {
  switch (kind) {
    case "hang-up":
      return null;
    case "silence":
      return undefined;
    case "less":
      return truth.subarray(0, below(truth.length));
    case "more":
      return Buffer.concat([truth, Buffer.alloc(JUNK_BYTES, below(256))]);
    case "throttle":
      return throttledAnswer({ apiKey, apiVersion }, truth, throttleMs);
    case "code":
      return withCode(apiKey, apiVersion, truth, isEverywhere ? null : below, code);
  }
}

/** `pick`: of one place only; null in all. */
function withCode(
  apiKey: number,
  apiVersion: number,
  truth: Buffer,
  pick: ((bound: number) => number) | null,
  code: number,
): Buffer {
  const answer = Buffer.from(truth);
  const places = errorPlaces(apiKey, apiVersion, truth);
  const chosen = pick === null ? places : places.slice(pick(places.length)).slice(0, 1);
  for (const place of chosen) answer.writeInt16BE(code, place);
  return answer;
}

export function hostilityText({ apiKey, kind, code, ...how }: Hostility): string {
  const pause = kind === "throttle" ? `${kind} by ${how.throttleMs} ms` : kind;
  const what = kind === "code" ? `code ${code}` : pause;
  const applied = how.isApplied ? "carried out" : "not carried out";
  const where = how.isEverywhere ? "everywhere" : "in one place";
  return `${apiName(apiKey)}: ${what} ${where}, ${applied}, ${how.share * 100} %`;
}
