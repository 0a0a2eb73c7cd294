import type { KafkaPorts } from "./kafka-sink-options.ts";
import { KafkajsChannel } from "./kafkajs-channel.ts";
import type { ConnectionOptions } from "./kafkajs-config.ts";

/** The way to the brokers over kafkajs. Nothing connects yet. */
export function kafkajsPorts(connection: ConnectionOptions): KafkaPorts {
  return { channel: new KafkajsChannel(connection) };
}
