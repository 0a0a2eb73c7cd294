import type { BrokerRequest } from "../broker-channel.ts";
import type { NewTopic } from "../topic-admin.ts";
import { ByteWriter } from "../wire/byte-writer.ts";
import { readAnswer } from "./answer.ts";

/** CreateTopics v4, for the controller; -1 replicas is the broker's default (KIP-464). */
export function createTopicsRequest(topics: readonly NewTopic[], timeoutMs: number): BrokerRequest {
  const writer = new ByteWriter();
  writer.array(topics, ({ topic, partitions, replicationFactor, config = {} }) => {
    writer.string(topic).int32(partitions).int16(replicationFactor);
    writer.array([], () => undefined);
    writer.array(Object.entries(config), ([name, value]) => writer.string(name).string(value));
  });
  return { apiKey: 19, apiVersion: 4, payload: writer.int32(timeoutMs).boolean(false).done() };
}

export interface TopicCreated {
  readonly topic: string;
  readonly error: number;
  /** The broker's own words. */
  readonly message: string | null;
}

/** One answer for each topic. */
export function readCreateTopics(response: Buffer): TopicCreated[] {
  return readAnswer("CreateTopics", response, (reader) => {
    reader.int32();
    return reader.array(() => ({
      topic: reader.string() ?? "",
      error: reader.int16(),
      message: reader.string(),
    }));
  });
}
