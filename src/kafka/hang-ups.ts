import type { Clock } from "../relay/clock.ts";
import { RelayError } from "../relay/errors.ts";
import { apiVersionsRequest } from "./api/api-versions.ts";
import { describeBrokerRequest, readTopicConfigs } from "./api/describe-configs.ts";
import type { BrokerChannel } from "./broker-channel.ts";
import { isUnanswered } from "./connection-fault.ts";
import type { LostProduce } from "./lost-produce.ts";
import { rowOf } from "./produce-refusal.ts";

const SETTING = "socket.request.max.bytes";
/** In a request beside its rows: names, the checkpoint, the notes of a repair. */
const REQUEST_ROOM_BYTES = 16_384;
/** After this time what was learned is tried once more. */
const TRIAL_MS = 60_000;
/** The same request lost so often, with a broker that serves others, is no accident. */
const LOST_MAX = 3;
const SHRINK = 8;

interface RequestLimit {
  readonly bytes: number;
  readonly atMs: number;
}

/**
 * Produce requests that brokers hang up on while they serve others. A broker closes the connection, without an answer,
 * on a request above `socket.request.max.bytes`; proxies and gateways have limits like it. What was learned outlives
 * openings: requests get smaller, and the row that is left is named.
 */
export class HangUps {
  readonly #clock: Clock;
  /** The brokers' own setting, seen after they hung up on a request above it. */
  #setting: RequestLimit | null = null;
  /** Requests above this were lost, and no setting says why. */
  #narrowed: RequestLimit | null = null;
  #lost = { row: "", times: 0 };

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** What rows may take in one request, bytes. */
  requestBytesMax(configured: number): number {
    const setting = this.#current(this.#setting)?.bytes ?? Number.POSITIVE_INFINITY;
    const narrowed = this.#current(this.#narrowed)?.bytes ?? Number.POSITIVE_INFINITY;
    return Math.max(1, Math.min(configured, setting - REQUEST_ROOM_BYTES, narrowed));
  }

  /** Why no broker takes a request with a record of that size, or null. */
  recordProblem(bytes: number): RelayError | null {
    const setting = this.#current(this.#setting);
    const isTooLarge = setting !== null && bytes + REQUEST_ROOM_BYTES > setting.bytes;
    return isTooLarge ? tooLarge(`the record takes ${bytes} bytes`, bytes, setting.bytes) : null;
  }

  /** Something became durable. */
  served(): void {
    this.#lost = { row: "", times: 0 };
  }

  /** Finds out whether the broker serves others; returns the error that people are shown. */
  async note(lost: LostProduce, channel: BrokerChannel): Promise<RelayError> {
    if (lost.isInPause) return lost;
    const [batch] = lost.rows;
    const count = lost.rows.reduce((sum, { records }) => sum + records.length, 0);
    const setting = await settingOf(lost.leader, channel);
    if (batch === undefined || setting === undefined) {
      this.served();
      return lost;
    }
    const row = `${rowOf(batch, null)} for ${batch.topic}-${batch.partition}`;
    if (setting !== null && lost.bytes > setting) {
      this.#setting = { bytes: setting, atMs: this.#clock.monotonicMs() };
      const what = `${row} is in a request of ${lost.bytes} bytes`;
      return count === 1 ? tooLarge(what, lost.bytes, setting) : lost;
    }
    const times = this.#lost.row === row ? this.#lost.times + 1 : 1;
    this.#lost = { row, times };
    if (times < LOST_MAX) return lost;
    if (count === 1) return lostForGood(row, times, lost);
    const bytes = Math.floor(Math.min(lost.bytes, this.requestBytesMax(lost.bytes)) / SHRINK);
    this.#narrowed = { bytes, atMs: this.#clock.monotonicMs() };
    this.served();
    return lost;
  }

  #current(limit: RequestLimit | null): RequestLimit | null {
    const isOld = limit !== null && this.#clock.monotonicMs() - limit.atMs >= TRIAL_MS;
    return isOld ? null : limit;
  }
}

/** The broker's setting; null where it may not be seen, undefined where the broker does not answer at all. */
async function settingOf(
  broker: number,
  channel: BrokerChannel,
): Promise<number | null | undefined> {
  try {
    await channel.request(broker, "data", apiVersionsRequest());
    const request = describeBrokerRequest(broker, [SETTING]);
    const [config] = readTopicConfigs(await channel.request(broker, "coordinator", request));
    const text = config?.values.get(SETTING) ?? "";
    return text === "" ? null : Number(text);
  } catch (error) {
    if (isUnanswered(error)) return undefined;
    throw error;
  }
}

function tooLarge(what: string, bytes: number, limit: number): RelayError {
  return new RelayError(`${what}, and the brokers take requests of at most ${limit} (${SETTING})`, {
    code: "RECORD_TOO_LARGE",
    remedy: "halt",
    hint: `Set ${SETTING}=${bytes + 2 * REQUEST_ROOM_BYTES} or more in server.properties of each broker, and restart the brokers one after the other. The relay goes on by itself within a minute.`,
  });
}

function lostForGood(row: string, times: number, lost: LostProduce): RelayError {
  return new RelayError(
    `broker ${lost.leader} ended the connection, or said nothing, ${times} times in a row when it was sent ${row}, ${lost.bytes} bytes, and serves other requests (${lost.message})`,
    {
      code: "KAFKA_REFUSED",
      remedy: "halt",
      hint: `Look at the broker's log at this time, at ${SETTING} of the brokers, and at the limits of what stands between relay and brokers. The relay tries again by itself.`,
      cause: lost.cause,
    },
  );
}
