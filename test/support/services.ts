import { randomBytes } from "node:crypto";
import type { Admin } from "kafkajs";
import { Kafka, logLevel } from "kafkajs";
import pg from "pg";
import { createTopicsWithLeaders } from "../../src/demo/services/kafka-topics.ts";
import { until } from "./until.ts";

export { until };

const DROP_DEADLINE_MS = 20_000;

/** Of the superuser and the database that the tests' server starts with. */
export function postgresUrl(): string {
  return required("TEST_POSTGRES_URL");
}

export function kafkaBrokers(): string[] {
  return required("TEST_KAFKA_BROKERS").split(",");
}

function required(name: string): string {
  const value = process.env[name] ?? "";
  if (value === "")
    throw new Error(`${name} is not set: run this file in the project "integration"`);
  return value;
}

/** `prefix` with a random end: allowed as the name of a database, slot, publication, table or topic. */
export function uniqueName(prefix: string): string {
  return `${prefix}_${randomBytes(4).toString("hex")}`;
}

export interface TestNames {
  readonly slot: string;
  readonly publication: string;
  readonly topicPrefix: string;
  readonly checkpointTopic: string;
}

/** Names that no other test uses, so that files can share one server and one cluster. */
export function testNames(prefix: string): TestNames {
  const name = uniqueName(prefix);
  return {
    slot: name,
    publication: name,
    topicPrefix: `${name}.`,
    checkpointTopic: `outbox-relay.checkpoint.${name}`,
  };
}

export interface TestDatabase {
  readonly name: string;
  readonly url: string;
  /** Removes the database with its slots, also while sessions are connected. */
  drop(): Promise<void>;
}

/** A fresh database on the tests' server, or on another one; its name begins with `prefix`. */
export async function createDatabase(
  prefix: string,
  serverUrl: string = postgresUrl(),
): Promise<TestDatabase> {
  const name = uniqueName(prefix);
  await withClient(serverUrl, (client) => client.query(`create database ${name}`));
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return {
    name,
    url: url.href,
    drop: () => withClient(serverUrl, (client) => dropDatabase(client, name)),
  };
}

async function dropDatabase(client: pg.Client, name: string): Promise<void> {
  // A slot that is in use cannot be dropped, and its process needs a moment to end.
  await until(
    async () => {
      await client.query(
        "select pg_terminate_backend(active_pid) from pg_replication_slots where database = $1 and active",
        [name],
      );
      await client.query(
        "select pg_drop_replication_slot(slot_name) from pg_replication_slots where database = $1 and not active",
        [name],
      );
      const { rows } = await client.query("select from pg_replication_slots where database = $1", [
        name,
      ]);
      return rows.length === 0;
    },
    DROP_DEADLINE_MS,
    `the slots of database ${name} to go away`,
  );
  await client.query(`drop database if exists ${name} with (force)`);
}

/** Runs `work` with a connection of its own. */
export async function withClient<T>(
  url: string,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  // The query under way rejects when the server goes; without a listener the event would end the process as well.
  client.on("error", () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

export function kafkaClient(brokers: string[] = kafkaBrokers()): Kafka {
  return new Kafka({ clientId: "test", brokers, logLevel: logLevel.NOTHING });
}

export interface TopicOptions {
  /** 1 unless given. */
  readonly partitions?: number;
  readonly replicationFactor?: number;
  readonly config?: Readonly<Record<string, string>>;
}

/** Creates topics and waits until every partition has a leader. */
export async function createTopics(
  topics: readonly string[],
  { partitions = 1, replicationFactor = -1, config = {} }: TopicOptions = {},
  kafka: Kafka = kafkaClient(),
): Promise<void> {
  const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }));
  const wanted = topics.map((topic) => ({
    topic,
    numPartitions: partitions,
    replicationFactor,
    configEntries,
  }));
  await withAdmin((admin) => createTopicsWithLeaders(admin, wanted), kafka);
}

/** Runs `work` with an admin connection of its own. */
export async function withAdmin<T>(
  work: (admin: Admin) => Promise<T>,
  kafka: Kafka = kafkaClient(),
): Promise<T> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}
