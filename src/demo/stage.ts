import { randomBytes } from "node:crypto";
import { chmod, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Kafka, logLevel } from "kafkajs";
import "../kafka/kafkajs-timers.ts";
import type pg from "pg";
import type { CleanUps } from "./clean-ups.ts";
import { connect } from "./connection.ts";
import { migrate, RelayChild } from "./relay-child.ts";
import { freePorts } from "./services/free-ports.ts";
import { kafkaIsCached } from "./services/kafka-jars.ts";
import { createTopicsWithLeaders } from "./services/kafka-topics.ts";
import { ProcessGuard } from "./services/process-guard.ts";
import type { Services } from "./services/services.ts";
import { startServices } from "./services/services.ts";
import { createShopDatabase } from "./shop-database.ts";

const PARTITIONS = 6;

export interface Stage {
  readonly client: pg.Client;
  readonly url: string;
  readonly kafka: Kafka;
  readonly brokers: string;
  readonly topic: string;
  readonly groupPrefix: string;
  readonly relay: RelayChild;
  readonly stop: AbortSignal;
  /** Ends the demo with this error. */
  readonly fail: (error: Error) => void;
}

export interface Backstage {
  readonly stop: AbortSignal;
  readonly cleanUps: CleanUps;
  readonly fail: (error: Error) => void;
  readonly say: (text: string) => void;
}

/** Services, a database with the outbox, a topic, and a relay that streams. All names are new in each run. */
export async function setStage(env: NodeJS.ProcessEnv, backstage: Backstage): Promise<Stage> {
  const { stop, cleanUps, fail, say } = backstage;
  const services = await start(env, backstage);
  const name = `demo_${randomBytes(3).toString("hex")}`;
  const url = await createShopDatabase(services.postgres.url, name, cleanUps);
  const brokers = services.kafka.brokers.join(",");
  const [port = 0] = await freePorts(1);
  const settings = {
    PATH: env["PATH"] ?? "",
    RELAY_DATABASE_URL: url,
    RELAY_KAFKA_BROKERS: brokers,
    RELAY_SLOT_NAME: name,
    RELAY_TOPIC_TEMPLATE: `${name}.\${routedByValue}`,
    RELAY_CHECKPOINT_TOPIC: `outbox-relay.checkpoint.${name}`,
    RELAY_HTTP_LISTEN: `127.0.0.1:${port}`,
  };
  await migrate(settings, stop);
  const topic = `${name}.order`;
  const kafka = new Kafka({
    clientId: name,
    brokers: [...services.kafka.brokers],
    logLevel: logLevel.NOTHING,
  });
  cleanUps.add("the topics", () => deleteTopics(kafka, [topic, settings.RELAY_CHECKPOINT_TOPIC]));
  await createTopic(kafka, topic);
  const client = await connect(url, fail);
  cleanUps.add("a connection", () => client.end());
  const relay = await relayChild(settings, port, backstage);
  // The slot sees only what is committed after it was created, so the shop waits for the relay.
  await relay.start(stop);
  say(`Postgres  ${url}\nKafka     ${brokers}  topic ${topic}\n`);
  say(`Relay     process ${relay.pid}, ${relay.address}/status\n\n`);
  return { client, url, kafka, brokers, topic, groupPrefix: `${name}-`, relay, stop, fail };
}

async function start(
  env: NodeJS.ProcessEnv,
  { stop, cleanUps, say }: Backstage,
): Promise<Services> {
  const isFetched = (env["TEST_KAFKA_BROKERS"] ?? "") === "" && !kafkaIsCached();
  say(`Starting Postgres and Kafka${isFetched ? ", which is fetched first (44 MB)" : ""} ...\n`);
  const services = await startServices(env, { stop, isCopiedPostgres: true });
  cleanUps.add("Postgres and Kafka", () => services.stop());
  stop.throwIfAborted();
  return services;
}

async function relayChild(
  settings: Readonly<Record<string, string>>,
  port: number,
  { cleanUps, fail, stop }: Backstage,
): Promise<RelayChild> {
  const folder = await mkdtemp(join(tmpdir(), "outbox-relay-demo-"));
  const guard = new ProcessGuard(folder);
  cleanUps.add("the folder of the relay's log", () => guard.close());
  await chmod(folder, 0o755);
  stop.throwIfAborted();
  const relay = new RelayChild({ settings, port, logFile: join(folder, "relay.log"), guard, fail });
  cleanUps.add("the relay", () => relay.stop());
  return relay;
}

async function createTopic(kafka: Kafka, topic: string): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    await createTopicsWithLeaders(admin, [{ topic, numPartitions: PARTITIONS }]);
  } finally {
    await admin.disconnect();
  }
}

/** The relay created the second one, if it came so far. */
async function deleteTopics(kafka: Kafka, topics: readonly string[]): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    const existing = new Set(await admin.listTopics());
    await admin.deleteTopics({ topics: topics.filter((topic) => existing.has(topic)) });
  } finally {
    await admin.disconnect();
  }
}
