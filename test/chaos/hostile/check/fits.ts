import { errorName } from "../../../../src/kafka/error-code.ts";
import type { Hostility } from "../plan/world-plan.ts";

/** What a relay shows as the cause. */
export interface Reason {
  readonly code: string;
  readonly message: string;
}

/** They say that nothing was published, and not why. */
const NO_CAUSE: ReadonlySet<string> = new Set([
  "KAFKA_CLOSED",
  "KAFKA_EPOCH_RENEWAL",
  "POSTGRES_UNREACHABLE",
  "SINK_STALLED",
]);
/** Codes for many causes, whose message has to name the one. */
const BARE: ReadonlySet<string> = new Set(["KAFKA_ERROR", "KAFKA_REFUSED"]);
/** Somebody has taken the transactional id. */
const FENCING: ReadonlySet<number> = new Set([47, 48, 90]);
const ABOUT_FENCING: ReadonlySet<string> = new Set(["FENCED", "TRANSACTIONAL_ID_SHARED"]);
const ABOUT_CONNECTIONS: ReadonlySet<string> = new Set([
  "KAFKA_UNREACHABLE",
  "KAFKA_ADVERTISED",
  "KAFKA_REFUSED",
]);
const TRANSACTION_STAYS = "TRANSACTION_UNFINISHED";

/** Whether people can see from what is shown what one of the hostilities does. */
export function fits(reason: Reason, hostilities: readonly Hostility[]): boolean {
  if (reason.code === "SINK_STALLED" && reason.message.includes("KAFKA_THROTTLED"))
    return hostilities.some(({ kind }) => kind === "throttle");
  return !NO_CAUSE.has(reason.code) && hostilities.some((one) => fitsOne(reason, one));
}

function fitsOne({ code, message }: Reason, hostility: Hostility): boolean {
  const isNamed = message.includes(errorName(hostility.code));
  switch (hostility.kind) {
    case "code":
      if (ABOUT_FENCING.has(code)) return FENCING.has(hostility.code);
      return isNamed || !(ABOUT_CONNECTIONS.has(code) || BARE.has(code));
    case "hang-up":
    case "silence":
    case "late":
    case "held":
    case "torn":
      return ABOUT_CONNECTIONS.has(code) || code === TRANSACTION_STAYS;
    case "throttle":
      return code === "KAFKA_THROTTLED";
    case "less":
    case "more":
      return !(ABOUT_CONNECTIONS.has(code) || BARE.has(code));
    case "empty":
      return isNamed || !(ABOUT_CONNECTIONS.has(code) || BARE.has(code));
  }
}
