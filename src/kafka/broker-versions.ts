import { RelayError } from "../relay/errors.ts";
import type { BrokerVersions } from "./api/api-versions.ts";

const API_PRODUCE = 0;
const API_INIT_PRODUCER_ID = 22;
/** Requests that only the controllers of a KRaft cluster take: Vote, BrokerRegistration. */
const OF_CONTROLLERS: readonly number[] = [52, 62];
const PRODUCE_NEEDED = 11;
const INIT_PRODUCER_ID_NEEDED = 4;

/** Why the relay cannot work with what answers at `place`; null where it can. */
export function versionsFault(
  { maxVersions }: Pick<BrokerVersions, "maxVersions">,
  place: string,
): RelayError | null {
  const produce = maxVersions.get(API_PRODUCE);
  if (produce === undefined) return notABroker(maxVersions, place);
  if (produce < PRODUCE_NEEDED) {
    return tooOld(
      `what answers at ${place} speaks Produce up to version ${produce}, and ${PRODUCE_NEEDED} is needed`,
    );
  }
  if ((maxVersions.get(API_INIT_PRODUCER_ID) ?? 0) < INIT_PRODUCER_ID_NEEDED) {
    return tooOld(
      `what answers at ${place} has no InitProducerId of version ${INIT_PRODUCER_ID_NEEDED}`,
    );
  }
  return null;
}

function notABroker(maxVersions: ReadonlyMap<number, number>, place: string): RelayError {
  const isController = OF_CONTROLLERS.every((api) => maxVersions.has(api));
  const what = isController
    ? "is the controller of a KRaft cluster, which takes no events"
    : "speaks Kafka's protocol and takes no events (no Produce): it is no Kafka broker";
  return new RelayError(`what answers at ${place} (RELAY_KAFKA_BROKERS) ${what}`, {
    code: "KAFKA_NOT_A_BROKER",
    remedy: "halt",
    hint: isController
      ? "Set RELAY_KAFKA_BROKERS to the listeners of brokers (listeners without the names in controller.listener.names, most often port 9092)."
      : "Set RELAY_KAFKA_BROKERS to the listeners of Kafka brokers.",
  });
}

/** Kafka before 3.7, and services of other kinds, do not have what the relay speaks. */
export function tooOld(missing: string): RelayError {
  return new RelayError(`the brokers are too old: ${missing}`, {
    code: "CONFIG_KAFKA_VERSION",
    remedy: "halt",
    hint: "Use Kafka 3.7 or later. Services that speak older versions of its protocol whatever their own version is, such as Azure Event Hubs (Produce up to 7), cannot be used.",
  });
}
