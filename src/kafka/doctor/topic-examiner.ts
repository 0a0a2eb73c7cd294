import type { Answer } from "../../relay/check.ts";
import { ReservedTopics } from "../../relay/event/reserved-topics.ts";
import type { Finding } from "../../relay/finding.ts";
import { findingOf } from "../../relay/finding.ts";
import { describeTopicsRequest, readTopicConfigs } from "../api/describe-configs.ts";
import type { TopicMetadata } from "../api/metadata.ts";
import { readMetadata, topicRightsRequest } from "../api/metadata.ts";
import type { BrokerChannel } from "../broker-channel.ts";
import type { Cluster } from "../cluster.ts";
import { ERROR } from "../error-code.ts";
import { LIMIT_SETTINGS, RecordLimit } from "../record-limit.ts";
import { isTopicName } from "../topic-name.ts";
import type { TopicCreation } from "../topics.ts";
import { reservedTopic, topicProblem } from "../topics.ts";
import type { TopicView } from "./topic-findings.ts";
import { replicaFindings, rightsFindings, sizeFindings } from "./topic-findings.ts";

const SETTINGS = [...LIMIT_SETTINGS, "min.insync.replicas"] as const;
/** More names than this help nobody in one line. */
const NAMED_MAX = 5;

/** Looks at topics without making any. */
export class TopicExaminer {
  readonly #channel: BrokerChannel;
  readonly #cluster: Cluster;
  readonly #autoCreate: TopicCreation | null;
  readonly #reserved: ReservedTopics;

  constructor(
    channel: BrokerChannel,
    cluster: Cluster,
    {
      topicAutoCreate,
      checkpointTopic,
    }: { readonly topicAutoCreate: TopicCreation | null; readonly checkpointTopic: string },
  ) {
    this.#channel = channel;
    this.#cluster = cluster;
    this.#autoCreate = topicAutoCreate;
    this.#reserved = new ReservedTopics(checkpointTopic);
  }

  /** The topics that rows in the outbox go to: there, large enough, safe, and ours to write. */
  async answer(topics: readonly string[], payloadBytesMax: number): Promise<Answer> {
    if (topics.length === 0) {
      return { seen: "no rows in the outbox to tell them by", findings: [] };
    }
    const reserved = topics.flatMap((topic) => {
      const reason = this.#reserved.reason(topic);
      return reason === null ? [] : [findingOf(reservedTopic(topic, reason))];
    });
    const open = topics.filter((topic) => this.#reserved.reason(topic) === null);
    const views = await this.#look(open);
    const missing = open.filter((topic) => !views.some((view) => view.topic === topic));
    const invalid = missing.filter((topic) => !isTopicName(topic));
    const findings = [
      ...reserved,
      ...invalid.map((topic) => problem(topic, ERROR.invalidTopic)),
      ...views.flatMap((view) => this.#judge(view, payloadBytesMax)),
    ];
    return { seen: summary(views), findings };
  }

  /** How many brokers have the topic, for one that must not be lost. */
  async copies(
    topic: string,
  ): Promise<{ readonly text: string; readonly findings: readonly Finding[] }> {
    const [view] = await this.#look([topic]);
    if (view === undefined || view.error !== ERROR.none) return { text: "", findings: [] };
    const findings = [
      ...replicaFindings(view, this.#cluster.brokers),
      ...rightsFindings(view, true),
    ];
    return { text: `${view.replicas} copies`, findings };
  }

  #judge(view: TopicView, payloadBytesMax: number): readonly Finding[] {
    const isMade = view.error === ERROR.unknownTopicOrPartition && this.#autoCreate !== null;
    if (isMade || view.error === ERROR.leaderNotAvailable) return [];
    if (view.error !== ERROR.none) return [problem(view.topic, view.error)];
    return [
      ...rightsFindings(view, false),
      ...sizeFindings(view, payloadBytesMax),
      ...replicaFindings(view, this.#cluster.brokers),
    ];
  }

  async #look(topics: readonly string[]): Promise<readonly TopicView[]> {
    const request = topicRightsRequest(topics.filter(isTopicName));
    const found = readMetadata(await this.#channel.request("any", "coordinator", request)).topics;
    const there = found.filter(({ error }) => error === ERROR.none).map(({ topic }) => topic);
    const configs = await this.#configs(there);
    return found.map((topic) => viewOf(topic, configs.get(topic.topic) ?? new Map()));
  }

  async #configs(topics: readonly string[]): Promise<Map<string, ReadonlyMap<string, string>>> {
    if (topics.length === 0) return new Map();
    const request = describeTopicsRequest(topics, SETTINGS);
    const configs = readTopicConfigs(await this.#channel.request("any", "coordinator", request));
    return new Map(configs.map(({ topic, values }) => [topic, values]));
  }
}

function viewOf(topic: TopicMetadata, values: ReadonlyMap<string, string>): TopicView {
  const number = (name: string): number | null => {
    const text = values.get(name);
    return text === undefined ? null : Number(text);
  };
  return {
    topic: topic.topic,
    error: topic.error,
    rights: topic.rights,
    partitions: topic.partitions.length,
    replicas: Math.min(...topic.partitions.map(({ replicas }) => replicas)),
    limit: LIMIT_SETTINGS.some((name) => values.has(name)) ? new RecordLimit(values) : null,
    inSyncMin: number("min.insync.replicas"),
  };
}

function problem(topic: string, error: number): Finding {
  const { code, message, hint } = topicProblem(topic, error);
  return { code, message, hint, severity: "halt" };
}

function summary(views: readonly TopicView[]): string {
  const named = views
    .toSpliced(NAMED_MAX)
    .map(({ topic, partitions, error }) =>
      error === ERROR.none ? `${topic} (${partitions} partitions)` : `${topic} (not there)`,
    );
  const left = views.length - named.length;
  return `${named.join(", ")}${left > 0 ? ` and ${left} more` : ""}`;
}
