import { createTopics, kafkaClient, uniqueName } from "../../support/services.ts";
import type { SinkSettings, Sinks } from "../kafka/sinks.ts";
import { batch, GO_ON, publishAsRelay, record } from "../kafka/sinks.ts";

/** Publishes one event over a secure way, and answers the checkpoint that the next one to open finds. */
export async function publishOnce(
  sinks: Sinks,
  plainBrokers: readonly string[],
  settings: SinkSettings,
): Promise<string> {
  const topic = uniqueName("secure");
  await createTopics([topic], {}, kafkaClient([...plainBrokers]));
  const { sink } = await sinks.open(settings);
  await sink.learn([topic], true, GO_ON);
  await publishAsRelay(sink, batch([record(topic, "k", "v")], "checkpoint"));
  return (await sinks.open(settings)).checkpoint ?? "";
}
