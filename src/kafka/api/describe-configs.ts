import type { BrokerRequest } from "../broker-channel.ts";
import type { ByteReader } from "../wire/byte-reader.ts";
import { ByteWriter } from "../wire/byte-writer.ts";
import { readAnswer } from "./answer.ts";

const RESOURCE_TOPIC = 2;
const RESOURCE_BROKER = 4;

export interface TopicConfig {
  readonly error: number;
  /** Its name, or the id of the broker. */
  readonly topic: string;
  readonly values: ReadonlyMap<string, string>;
}

/** DescribeConfigs v2 for topics; only the settings named. */
export function describeTopicsRequest(
  topics: readonly string[],
  names: readonly string[],
): BrokerRequest {
  return request(RESOURCE_TOPIC, topics, names);
}

/** The same for a broker, which has to be asked itself. */
export function describeBrokerRequest(broker: number, names: readonly string[]): BrokerRequest {
  return request(RESOURCE_BROKER, [String(broker)], names);
}

function request(
  kind: number,
  resources: readonly string[],
  names: readonly string[],
): BrokerRequest {
  const writer = new ByteWriter();
  writer.array(resources, (resource) => {
    writer.int8(kind).string(resource);
    writer.array(names, (name) => writer.string(name));
  });
  return { apiKey: 32, apiVersion: 2, payload: writer.boolean(false).done() };
}

export function readTopicConfigs(response: Buffer): TopicConfig[] {
  return readAnswer("DescribeConfigs", response, (reader) => {
    reader.int32();
    return reader.array(() => {
      const error = reader.int16();
      reader.string();
      reader.int8();
      const topic = reader.string() ?? "";
      const entries = reader.array(() => readEntry(reader));
      return { error, topic, values: new Map(entries) };
    });
  });
}

function readEntry(reader: ByteReader): readonly [string, string] {
  const name = reader.string() ?? "";
  const value = reader.string() ?? "";
  reader.boolean();
  reader.int8();
  reader.boolean();
  reader.array(() => {
    reader.string();
    reader.string();
    reader.int8();
  });
  return [name, value];
}
