import { apiName } from "../../../../src/kafka/api/names.ts";
import type { BrokerRequest } from "../../../../src/kafka/broker-channel.ts";
import { errorPlaces } from "./error-places.ts";

/** Requests that change something: one that is answered with an error may have been carried out or not. */
export const CHANGES: ReadonlySet<number> = new Set([0, 19, 22, 24, 26]);
const API_PRODUCE = 0;
const JUNK_BYTES = 9;
const INT32_MAX = 0x7fff_ffff;

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
  /** Waiting time beyond all measure. */
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
}

/** What becomes of an answer; null ends the connection, undefined is silence. */
export function disturbed(
  { kind, code, isEverywhere }: Hostility,
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
      return throttled(apiKey, truth);
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

/** Only Produce's counts with the relay. */
function throttled(apiKey: number, truth: Buffer): Buffer {
  const answer = Buffer.from(truth);
  if (apiKey === API_PRODUCE) answer.writeInt32BE(INT32_MAX, answer.length - 5);
  return answer;
}

export function hostilityText({ apiKey, kind, code, ...how }: Hostility): string {
  const what = kind === "code" ? `code ${code}` : kind;
  const applied = how.isApplied ? "carried out" : "not carried out";
  const where = how.isEverywhere ? "everywhere" : "in one place";
  return `${apiName(apiKey)}: ${what} ${where}, ${applied}, ${how.share * 100} %`;
}
