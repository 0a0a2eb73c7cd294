import { setTimeout as delay } from "node:timers/promises";
import type { World } from "../servers/world.ts";
import { ConnectWorker } from "./connect-worker.ts";
import type { Publisher, Run, Running } from "./system.ts";

const POLL_MS = 100;
const ATTACH_DEADLINE_MS = 60_000;
const EXACTLY_ONCE = { "exactly.once.support": "required", "transaction.boundary": "poll" };

/** Debezium on Kafka Connect: one worker, whose JVM is warm after the first run, and a connector for each run. */
export class DebeziumPublisher implements Publisher {
  readonly #world: World;
  readonly #worker: ConnectWorker;
  readonly #isExactlyOnce: boolean;

  private constructor(world: World, worker: ConnectWorker, isExactlyOnce: boolean) {
    this.#world = world;
    this.#worker = worker;
    this.#isExactlyOnce = isExactlyOnce;
  }

  static async start(world: World, isExactlyOnce: boolean): Promise<DebeziumPublisher> {
    const worker = await ConnectWorker.start(world, isExactlyOnce);
    return new DebeziumPublisher(world, worker, isExactlyOnce);
  }

  prepare(run: Run): Promise<void> {
    return this.#world.createSlot(run);
  }

  async begin(run: Run): Promise<Running> {
    const more = this.#isExactlyOnce ? EXACTLY_ONCE : {};
    await this.#worker.put(run, { ...connector(run, this.#world.url), ...more });
    await this.#attached(run);
    return { pid: this.#worker.pid, stop: () => this.#worker.remove(run) };
  }

  close(): Promise<void> {
    return this.#worker.stop();
  }

  async #attached(run: Run): Promise<void> {
    const deadlineMs = performance.now() + ATTACH_DEADLINE_MS;
    for (;;) {
      const { rows } = await this.#world.client.query<{ active: boolean }>(
        "select active from pg_replication_slots where slot_name = $1",
        [run],
      );
      if (rows[0]?.active === true) return;
      if (performance.now() > deadlineMs) {
        throw new Error(`Debezium does not take its slot: ${await this.#worker.status(run)}`);
      }
      await delay(POLL_MS);
    }
  }
}

/** The tuned connector: larger batches and queues, a short poll, a producer with large batches; never its defaults. */
function connector(run: Run, url: string): Record<string, string> {
  const { hostname, port, username, password, pathname } = new URL(url);
  return {
    "connector.class": "io.debezium.connector.postgresql.PostgresConnector",
    "tasks.max": "1",
    "plugin.name": "pgoutput",
    "database.hostname": hostname,
    "database.port": port,
    "database.user": username,
    "database.password": decodeURIComponent(password),
    "database.dbname": pathname.slice(1),
    "topic.prefix": run,
    "slot.name": run,
    "publication.name": "outbox_relay",
    "publication.autocreate.mode": "disabled",
    "table.include.list": "public.outbox",
    "snapshot.mode": "no_data",
    "tombstones.on.delete": "false",
    "max.batch.size": "8192",
    "max.queue.size": "32768",
    "poll.interval.ms": "5",
    transforms: "outbox",
    "transforms.outbox.type": "io.debezium.transforms.outbox.EventRouter",
    "transforms.outbox.route.topic.replacement": `${run}.\${routedByValue}`,
    "key.converter": "org.apache.kafka.connect.storage.StringConverter",
    "value.converter": "org.apache.kafka.connect.storage.StringConverter",
    "producer.override.acks": "all",
    "producer.override.enable.idempotence": "true",
    "producer.override.max.in.flight.requests.per.connection": "5",
    "producer.override.batch.size": "131072",
    "producer.override.linger.ms": "5",
    "producer.override.buffer.memory": "67108864",
    "producer.override.compression.type": "none",
  };
}
