import type { KafkaPorts } from "./kafka-sink-options.ts";
import { KafkajsChannel } from "./kafkajs-channel.ts";
import type { ConnectionOptions } from "./kafkajs-config.ts";
import { KafkajsTopicAdmin } from "./kafkajs-topic-admin.ts";

/** The way to the brokers over kafkajs. Nothing connects yet. */
export function kafkajsPorts(connection: ConnectionOptions): KafkaPorts {
  return { channel: new KafkajsChannel(connection), admin: new KafkajsTopicAdmin(connection) };
}
