import { ERROR } from "../../../../src/kafka/error-code.ts";
import { ByteWriter } from "../../../../src/kafka/wire/byte-writer.ts";
import type { Question } from "../model-broker.ts";
import type { CreationRefusal } from "../model-cluster.ts";

const CREATED: CreationRefusal = { error: ERROR.none, message: "" };

/** CreateTopics v4. Names collide as in Kafka: a dot and an underscore are one character of a metric's name. */
export function createTopics({ cluster, broker, reader }: Question): ByteWriter {
  const asked = reader.array(() => {
    const topic = reader.string() ?? "";
    const partitions = reader.int32();
    reader.int16();
    reader.array(() => undefined);
    const config = reader.array(() => [reader.string() ?? "", reader.string() ?? ""] as const);
    return { topic, partitions, config };
  });
  const answers = asked.map(({ topic, partitions, config }) => {
    const refusal = broker === cluster.coordinator ? why(topic) : NOT_CONTROLLER;
    if (refusal.error === ERROR.none) {
      const created = cluster.createTopic(topic, partitions);
      for (const [name, value] of config) created.config.set(name, value);
    }
    return { topic, ...refusal };
  });
  const writer = new ByteWriter().int32(0);
  return writer.array(answers, ({ topic, error, message }) => {
    writer
      .string(topic)
      .int16(error)
      .string(message === "" ? null : message);
  });

  function why(topic: string): CreationRefusal {
    const refused = cluster.refuseCreation(topic);
    if (refused !== null) return refused;
    if (cluster.topics.has(topic)) {
      return { error: ERROR.topicAlreadyExists, message: `Topic '${topic}' already exists.` };
    }
    const other = [...cluster.topics.keys()].find((name) => metric(name) === metric(topic));
    if (other === undefined) return CREATED;
    const message = `Topic '${topic}' collides with existing topic: ${other}`;
    return { error: ERROR.invalidTopic, message };
  }
}

const NOT_CONTROLLER: CreationRefusal = { error: ERROR.notController, message: "" };

function metric(topic: string): string {
  return topic.replaceAll(".", "_");
}
