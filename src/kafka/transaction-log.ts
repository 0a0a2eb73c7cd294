import { RelayError } from "../relay/errors.ts";
import { describeBrokerRequest, readTopicConfigs } from "./api/describe-configs.ts";
import type { Metadata, TopicMetadata } from "./api/metadata.ts";
import { metadataRequest, readMetadata } from "./api/metadata.ts";
import type { BrokerChannel } from "./broker-channel.ts";
import { ERROR } from "./error-code.ts";

/** Kafka's own topic in which coordinators keep the state of transactions. */
const LOG = "__transaction_state";
const REPLICAS = "transaction.state.log.replication.factor";
const IN_SYNC = "transaction.state.log.min.isr";
/** Kafka's default for `REPLICAS`. */
const REPLICAS_DEFAULT = 3;

interface LogSettings {
  /** Null where the relay may not see it. */
  readonly replicas: number | null;
  readonly inSyncMin: number | null;
}

/**
 * Why no coordinator can work for any transactional id; null when the transaction log looks well, or shows too little to
 * tell. Only asks, of any broker and then of one. `isKnownBroken`: coordinators are missing, so that Kafka's default counts
 * for a setting that the relay may not see.
 */
export async function transactionLogFault(
  channel: BrokerChannel,
  isKnownBroken: boolean,
): Promise<RelayError | null> {
  const answer = await channel.request("any", "coordinator", metadataRequest([LOG]));
  const metadata = readMetadata(answer);
  channel.setBrokers(metadata.brokers);
  const settings = await settingsOf(channel, metadata);
  const log = metadata.topics.find(({ topic }) => topic === LOG);
  if (log === undefined) return null;
  if (log.error === ERROR.none) return unwritable(log, settings);
  const isTold = settings.replicas !== null || isKnownBroken;
  return log.error === ERROR.unknownTopicOrPartition && isTold
    ? missing(metadata.brokers.length, settings)
    : null;
}

async function settingsOf(channel: BrokerChannel, { brokers }: Metadata): Promise<LogSettings> {
  const [broker] = brokers;
  if (broker === undefined) return { replicas: null, inSyncMin: null };
  const request = describeBrokerRequest(broker.id, [REPLICAS, IN_SYNC]);
  const [config] = readTopicConfigs(await channel.request(broker.id, "coordinator", request));
  const number = (name: string): number | null => {
    const text = config?.values.get(name);
    return text === undefined || text === "" ? null : Number(text);
  };
  return { replicas: number(REPLICAS), inSyncMin: number(IN_SYNC) };
}

/** Brokers create it when it is first needed, if they are enough. */
function missing(brokers: number, { replicas }: LogSettings): RelayError | null {
  if (brokers >= (replicas ?? REPLICAS_DEFAULT)) return null;
  const needed =
    replicas === null
      ? `as many replicas as ${REPLICAS} says (${REPLICAS_DEFAULT} by default; the relay may not see it)`
      : `${replicas} replicas (${REPLICAS})`;
  return fault(
    `${LOG} needs ${needed}, and the cluster has ${countOf(brokers, "broker")}`,
    `Start more brokers; or, for a cluster that is to stay that small, set ${REPLICAS}=${brokers} and ${IN_SYNC}=${Math.max(1, brokers - 1)} in the brokers' configuration and restart them.`,
  );
}

function unwritable({ partitions }: TopicMetadata, { inSyncMin }: LogSettings): RelayError | null {
  const leaderless = partitions.filter(({ leader }) => leader < 0).length;
  if (leaderless > 0) {
    return fault(
      `${leaderless} of ${partitions.length} partitions of ${LOG} have no leader`,
      `Start the brokers that are down: kafka-topics --bootstrap-server <broker> --describe --topic ${LOG} --unavailable-partitions names them.`,
    );
  }
  const needed = inSyncMin ?? 1;
  const few = partitions.filter(({ inSync }) => inSync < needed).length;
  if (few === 0) return null;
  return fault(
    `${few} of ${partitions.length} partitions of ${LOG} have fewer than ${needed} replicas in sync (${IN_SYNC}), so that nothing can be written to them`,
    `Start the brokers that are down; or, where there never were so many, lower it: kafka-configs --bootstrap-server <broker> --alter --topic ${LOG} --add-config min.insync.replicas=1.`,
  );
}

function fault(what: string, hint: string): RelayError {
  return new RelayError(`the brokers have no transaction log that works: ${what}`, {
    code: "KAFKA_TRANSACTION_LOG",
    remedy: "retry",
    hint: `${hint} The relay goes on by itself.`,
  });
}

function countOf(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
