import type { Finding } from "../../relay/finding.ts";
import type { RecordLimit } from "../record-limit.ts";

/** What was seen of a topic. */
export interface TopicView {
  readonly topic: string;
  /** Kafka's error code for it; 0: it is there. */
  readonly error: number;
  /** A bit for each AclOperation that we may do; null where brokers do not tell. */
  readonly rights: number | null;
  readonly partitions: number;
  /** Copies of the partition that has fewest. */
  readonly replicas: number;
  /** What limits a record; null where we may not see it. */
  readonly limit: RecordLimit | null;
  /** `min.insync.replicas`; null where we may not see it. */
  readonly inSyncMin: number | null;
}

/** Codes of `org.apache.kafka.common.acl.AclOperation`. */
const READ = 3;
const WRITE = 4;
const DESCRIBE = 8;
const DESCRIBE_CONFIGS = 10;

/** Key, headers and the batch around them; the payload is what grows. */
const AROUND_PAYLOAD_BYTES = 1024;

export function rightsFindings({ topic, rights }: TopicView, mustRead: boolean): Finding[] {
  if (rights === null) return [];
  const may = (operation: number): boolean => (rights & (1 << operation)) !== 0;
  const needed: [string, number][] = [
    ["Write", WRITE],
    ["Describe", DESCRIBE],
    ...(mustRead ? ([["Read", READ]] as [string, number][]) : []),
  ];
  const lacking = needed.filter(([, operation]) => !may(operation)).map(([name]) => name);
  const findings: Finding[] = [];
  if (lacking.length > 0) {
    const names = lacking.join(" and ");
    findings.push({
      code: "TOPIC_UNAUTHORIZED",
      severity: "halt",
      message: `the relay's principal lacks ${names} on topic ${topic}`,
      hint: `Grant it: kafka-acls --bootstrap-server <broker> --add --allow-principal User:<name> ${lacking.map((name) => `--operation ${name}`).join(" ")} --topic ${topic}`,
    });
  }
  if (!may(DESCRIBE_CONFIGS)) {
    findings.push({
      code: "TOPIC_SETTINGS_HIDDEN",
      severity: "warning",
      message: `the relay may not see the settings of topic ${topic}, and takes Kafka's default for the largest record`,
      hint: `Grant DescribeConfigs on topic ${topic} to the relay's principal.`,
    });
  }
  return findings;
}

export function sizeFindings(view: TopicView, payloadBytesMax: number): Finding[] {
  const { topic, limit } = view;
  const neededBytes = payloadBytesMax + AROUND_PAYLOAD_BYTES;
  if (limit === null || neededBytes <= limit.bytesMax) return [];
  return [
    {
      code: "RECORD_TOO_LARGE",
      severity: "warning",
      message: `rows in the outbox have payloads of up to ${payloadBytesMax} bytes, and topic ${topic} takes records of at most ${limit.bytesMax} (${limit.setting})`,
      hint: `Raise it before such a row halts the relay: ${limit.raiseCommand(topic, neededBytes * 2)}`,
    },
  ];
}

/** With one broker there is nothing to choose. */
export function replicaFindings(
  { topic, replicas, inSyncMin }: TopicView,
  brokers: number,
): Finding[] {
  if (brokers < 2) return [];
  if (replicas < 2) {
    return [
      warning(
        `topic ${topic} has one copy: with its broker its events are gone, and publishing stops`,
        "Give it three replicas: kafka-reassign-partitions, or make it again while it is empty.",
      ),
    ];
  }
  if (inSyncMin === null) return [];
  if (inSyncMin < 2) {
    return [
      warning(
        `topic ${topic} has min.insync.replicas=${inSyncMin}: an acknowledged event may be on one broker only`,
        `Run kafka-configs --bootstrap-server <broker> --alter --topic ${topic} --add-config min.insync.replicas=2`,
      ),
    ];
  }
  if (inSyncMin < replicas) return [];
  return [
    warning(
      `topic ${topic} has ${replicas} replicas and min.insync.replicas=${inSyncMin}: publishing stops when one broker is away`,
      `Give it one replica more, or run kafka-configs --bootstrap-server <broker> --alter --topic ${topic} --add-config min.insync.replicas=${replicas - 1}`,
    ),
  ];
}

function warning(message: string, hint: string): Finding {
  return { code: "TOPIC_REPLICAS", severity: "warning", message, hint };
}
