import { randomBytes } from "node:crypto";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Kafka, logLevel } from "kafkajs";
import pg from "pg";
import { ConsumerGroup } from "./consumer-group.ts";
import { migrate, RelayChild } from "./relay-child.ts";
import type { Services } from "./services/services.ts";
import { startServices } from "./services/services.ts";
import { SHOP_SQL } from "./shop.ts";
import type { Stage } from "./shop-run.ts";
import { GROUPS, ShopRun } from "./shop-run.ts";
import { verdictTable } from "./table.ts";
import { isClean } from "./verdict.ts";

const PARTITIONS = 6;

/** Sets the stage, lets the shop play on it, shows the verdict, and puts everything away. */
export class Demo {
  readonly #keep: boolean;
  readonly #stop = new AbortController();
  /** What must be put away, the last first. */
  readonly #cleanUps: (() => Promise<unknown>)[] = [];

  constructor(keep: boolean) {
    this.#keep = keep;
  }

  /** Exit code: 0 only if nothing was lost, duplicated or out of order; 130 when it was interrupted. */
  async run(): Promise<number> {
    const interrupt = (): void => this.#stop.abort();
    process.on("SIGINT", interrupt);
    process.on("SIGTERM", interrupt);
    try {
      const stage = await this.#setStage();
      const code = await this.#play(stage);
      if (this.#keep) await this.#hold();
      return code;
    } catch (error) {
      if (this.#stop.signal.aborted) return 130;
      process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
      return 1;
    } finally {
      await this.#putAway();
    }
  }

  async #play(stage: Stage): Promise<number> {
    const run = new ShopRun(stage, this.#stop.signal);
    this.#cleanUps.push(() => run.end());
    const verdict = await run.play();
    const isGood = isClean(verdict);
    say(`\nCounted in Postgres and Kafka, not by the relay:\n\n${verdictTable(verdict)}`);
    say(
      isGood
        ? "Every committed event was published exactly once and in order.\n"
        : "SOMETHING IS WRONG.\n",
    );
    return isGood ? 0 : 1;
  }

  async #setStage(): Promise<Stage> {
    say("Starting Postgres and Kafka ...\n");
    const services = await startServices(process.env);
    this.#cleanUps.push(() => services.stop());
    this.#stop.signal.throwIfAborted();
    const name = `demo_${randomBytes(3).toString("hex")}`;
    const { client, url } = await this.#database(services, name);
    const topicPrefix = `${name}.outbox.event.`;
    const kafka = new Kafka({
      clientId: name,
      brokers: [...services.kafka.brokers],
      logLevel: logLevel.NOTHING,
    });
    const topic = `${topicPrefix}order`;
    await createTopic(kafka, topic);
    const settings = {
      PATH: process.env["PATH"] ?? "",
      RELAY_DATABASE_URL: url,
      RELAY_KAFKA_BROKERS: services.kafka.brokers.join(","),
      RELAY_SLOT_NAME: name,
      RELAY_TOPIC_TEMPLATE: `${topicPrefix}\${routedByValue}`,
      RELAY_HTTP_LISTEN: this.#keep ? "127.0.0.1:9464" : "127.0.0.1:0",
    };
    await migrate(settings);
    const logFile = join(await mkdtemp(join(tmpdir(), "outbox-relay-demo-")), "relay.log");
    const relay = new RelayChild(settings, logFile);
    this.#cleanUps.push(() => relay.stop());
    say(
      `Postgres  ${url}\nKafka     ${services.kafka.brokers.join(",")}  topic ${topic}\nRelay log ${logFile}\n\n`,
    );
    return { client, url, kafka, topic, groupPrefix: `${name}-`, relay };
  }

  /** A database of the demo's own, so that it can run on any server; dropped with its slot in the end. */
  async #database(services: Services, name: string): Promise<{ client: pg.Client; url: string }> {
    const owner = new pg.Client({ connectionString: services.postgres.url });
    await owner.connect();
    await owner.query(`create database ${name}`);
    const url = new URL(services.postgres.url);
    url.pathname = `/${name}`;
    const client = new pg.Client({ connectionString: url.href });
    await client.connect();
    this.#cleanUps.push(async () => {
      await client.end();
      await owner.query(
        "select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = $1",
        [name],
      );
      await owner.query(`drop database ${name} with (force)`);
      await owner.end();
    });
    await client.query(SHOP_SQL);
    for (const group of GROUPS) await client.query(ConsumerGroup.inboxSql(group));
    return { client, url: url.href };
  }

  async #hold(): Promise<void> {
    say("Everything is left running (status: http://127.0.0.1:9464/status). Ctrl-C stops it.\n");
    if (this.#stop.signal.aborted) return;
    // A pending signal handler alone does not keep the process alive; the consumers' connections do.
    await new Promise((resolve) => this.#stop.signal.addEventListener("abort", resolve));
  }

  async #putAway(): Promise<void> {
    for (const cleanUp of this.#cleanUps.reverse()) {
      try {
        await cleanUp();
      } catch (error) {
        process.stderr.write(
          `while stopping: ${error instanceof Error ? error.message : String(error)}\n`,
        );
      }
    }
  }
}

async function createTopic(kafka: Kafka, topic: string): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({
    topics: [{ topic, numPartitions: PARTITIONS }],
    waitForLeaders: true,
  });
  await admin.disconnect();
}

function say(text: string): void {
  process.stdout.write(text);
}
