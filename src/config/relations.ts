import { ReservedTopics } from "../relay/event/reserved-topics.ts";
import { formatShard, shardSuffix } from "../relay/shard.ts";
import type { SettingValues } from "./schema.ts";

/** What must hold between settings that are each valid alone. */
export function relationProblems(config: SettingValues): string[] {
  const problems: string[] = [];
  const { walSenderTimeoutMs, statusIntervalMs, batch, bufferMaxBytes, retry } = config;
  if (walSenderTimeoutMs !== 0 && statusIntervalMs > walSenderTimeoutMs / 3) {
    problems.push(
      `RELAY_STATUS_INTERVAL (${statusIntervalMs}ms) must be at most a third of RELAY_WAL_SENDER_TIMEOUT ` +
        `(${walSenderTimeoutMs}ms), else Postgres may close the stream between two reports`,
    );
  }
  if (batch.maxBytes > bufferMaxBytes) {
    problems.push(
      `RELAY_BATCH_MAX_BYTES (${batch.maxBytes}) must be at most RELAY_BUFFER_MAX_BYTES (${bufferMaxBytes}), ` +
        "else reading pauses before a batch is full",
    );
  }
  if (retry.initialMs > retry.maxMs) {
    problems.push(
      `RELAY_RETRY_INITIAL (${retry.initialMs}ms) must be at most RELAY_RETRY_MAX (${retry.maxMs}ms)`,
    );
  }
  const { username, password } = config.http.auth;
  if ((username === null) !== (password === null)) {
    problems.push(
      "RELAY_HTTP_AUTH_USERNAME and RELAY_HTTP_AUTH_PASSWORD go together: set both, or neither",
    );
  }
  return [...problems, ...topicProblems(config), ...shardProblems(config)];
}

/** Events beside checkpoints would be read as checkpoints. */
function topicProblems({ topic, checkpoint }: SettingValues): string[] {
  const { template } = topic;
  const reason = new ReservedTopics(checkpoint.topic).reachable(template);
  if (reason === null) return [];
  return [
    `RELAY_TOPIC_TEMPLATE (${template}) makes the name of a topic that no event may go to: ${reason}; ` +
      "set a template that cannot make that name, or another RELAY_CHECKPOINT_TOPIC before the first start",
  ];
}

/** A name that two shards share would make one of them the standby of the other, and its rows would go nowhere. */
function shardProblems({ shard, slot, publication }: SettingValues): string[] {
  if (shard === null) return [];
  const suffix = shardSuffix(shard);
  return [
    { env: "RELAY_SLOT_NAME", name: slot.name },
    { env: "RELAY_PUBLICATION_NAME", name: publication.name },
  ]
    .filter(({ name }) => !name.endsWith(suffix))
    .map(
      ({ env, name }) =>
        `${env} (${name}) must end in ${suffix} with RELAY_SHARD=${formatShard(shard)}, so that no two shards share it; ` +
        `unset it, or set ${env}=${name.replace(/_s\d+of\d+$/, "")}${suffix}`,
    );
}
