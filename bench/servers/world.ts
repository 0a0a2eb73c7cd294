import type { ChildProcess } from "node:child_process";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile } from "node:fs/promises";
import { constants, setPriority, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import pg from "pg";
import type { EmbeddedKafka } from "../../src/demo/services/embedded-kafka.ts";
import { startKafka } from "../../src/demo/services/embedded-kafka.ts";
import type { PostgresServer } from "../../src/demo/services/embedded-postgres.ts";
import { startPostgres } from "../../src/demo/services/embedded-postgres.ts";
import { freePorts } from "../../src/demo/services/free-ports.ts";
import { ProcessGuard } from "../../src/demo/services/process-guard.ts";
import { KafkaSide } from "./kafka-side.ts";
import { addedRoundTripMs } from "./round-trip.ts";

export const PARTITIONS = 12;
const PROXY = fileURLToPath(new URL("./delay-proxy.ts", import.meta.url));
const PROCEDURES = new URL("./procedures.sql", import.meta.url);
const MAIN = fileURLToPath(new URL("../../dist/main.js", import.meta.url));

/** A server as somebody would run it who cares for speed; no fsync, so that no disk is measured. */
const POSTGRES_SETTINGS = {
  shared_buffers: "512MB",
  max_wal_size: "8GB",
  wal_init_zero: "off", // Servers that run for longer use segments again instead of filling new ones: 60 ms every 16 MB.
  checkpoint_timeout: "30min",
  autovacuum: "off",
  jit: "off",
  max_replication_slots: "120",
  max_wal_senders: "40",
  wal_sender_timeout: "60s",
};
/** The broker of the tests starts quickly and runs slowly; this one does what Kafka's own start script does. */
const BROKER_JAVA = [
  "-Xms512m",
  "-XX:+AlwaysPreTouch",
  "-Xmx1g",
  "-XX:TieredStopAtLevel=4",
  "-XX:-UseSerialGC",
  "-XX:+UseG1GC",
  "-XX:MaxGCPauseMillis=20",
];
const BROKER_PROPERTIES = {
  "transaction.state.log.num.partitions": "4",
  "offsets.topic.num.partitions": "4",
  "message.max.bytes": "8388608",
};

/** The servers of a run: Postgres with an outbox, one broker, and whatever delays the way to it. */
export class World {
  readonly url: string;
  /** Where the measured systems find the broker; behind the delay, if there is one. */
  readonly bootstrap: string;
  readonly client: pg.Client;
  readonly kafka: KafkaSide;
  readonly guard: ProcessGuard;
  readonly folder: string;
  /** What a round trip to `bootstrap` takes longer than one to the broker itself, measured, ms; 0 without a delay. */
  readonly addedMs: number;
  readonly #postgres: PostgresServer;
  readonly #broker: EmbeddedKafka;

  private constructor(parts: {
    readonly postgres: PostgresServer;
    readonly broker: EmbeddedKafka;
    readonly client: pg.Client;
    readonly kafka: KafkaSide;
    readonly guard: ProcessGuard;
    readonly folder: string;
    readonly bootstrap: string;
    readonly addedMs: number;
  }) {
    this.url = parts.postgres.url;
    this.client = parts.client;
    this.kafka = parts.kafka;
    this.guard = parts.guard;
    this.folder = parts.folder;
    this.bootstrap = parts.bootstrap;
    this.addedMs = parts.addedMs;
    this.#postgres = parts.postgres;
    this.#broker = parts.broker;
  }

  /** `roundTripMs` is added between the measured systems and the broker, not to the consumer that measures. */
  static async start(roundTripMs: number): Promise<World> {
    const folder = await mkdtemp(join(tmpdir(), "outbox-relay-bench-"));
    const guard = new ProcessGuard(folder);
    const [proxyPort = 0] = await freePorts(1);
    const [postgres, broker] = await Promise.all([
      startPostgres({ settings: POSTGRES_SETTINGS }),
      startKafka({
        java: BROKER_JAVA,
        properties: BROKER_PROPERTIES,
        ...(roundTripMs > 0 && { advertisedPorts: [proxyPort] }),
      }),
    ]);
    const [behind] = broker.behindPorts;
    let addedMs = 0;
    if (behind !== undefined) {
      await startProxy(guard, proxyPort, behind, roundTripMs);
      addedMs = await addedRoundTripMs(behind, proxyPort);
    }
    const bootstrap = behind === undefined ? broker.brokers.join(",") : `127.0.0.1:${proxyPort}`;
    const client = new pg.Client({ connectionString: postgres.url });
    await client.connect();
    const kafka = await KafkaSide.start(broker.brokers, guard);
    const world = new World({ postgres, broker, client, kafka, guard, folder, bootstrap, addedMs });
    await promisify(execFile)(process.execPath, [MAIN, "migrate", "up"], { env: world.relayEnv });
    await client.query(await readFile(PROCEDURES, "utf8"));
    return world;
  }

  get relayEnv(): Record<string, string> {
    return {
      PATH: process.env["PATH"] ?? "",
      RELAY_DATABASE_URL: this.url,
      RELAY_KAFKA_BROKERS: this.bootstrap,
      RELAY_HTTP_LISTEN: "127.0.0.1:0",
    };
  }

  /** The topic of a run, `<run>.order`: twelve partitions, records with the broker's time. */
  async createTopic(run: string, settings: readonly string[] = []): Promise<string> {
    const topic = `${run}.order`;
    const own = ["message.timestamp.type=LogAppendTime", ...settings];
    await this.kafka.createTopic(topic, PARTITIONS, own);
    return topic;
  }

  async createSlot(name: string): Promise<void> {
    await this.client.query("select pg_create_logical_replication_slot($1, 'pgoutput')", [name]);
  }

  /** Ends the session that holds the slot, and drops it. */
  async dropSlot(name: string): Promise<void> {
    await this.client.query(
      "select pg_terminate_backend(active_pid, 5000) from pg_replication_slots where slot_name = $1 and active",
      [name],
    );
    await this.client.query("select pg_drop_replication_slot($1)", [name]);
  }

  /** Empties the outbox and fills it with rows 1 to `rows`, `bytes` of payload each, for topics `order` or `order0`, `order1`, ... */
  async fill(rows: number, perTransaction: number, bytes = 300, topics = 1): Promise<void> {
    await this.client.query("truncate public.outbox");
    await this.client.query(`call bench.fill(${rows}, ${perTransaction}, ${bytes}, ${topics})`);
  }

  /** Transactions of one row at `rate` in all; resolves when the last one has committed. */
  async pace(rate: number, seconds: number): Promise<void> {
    const writers = rate <= 1_000 ? 1 : 4;
    await Promise.all(
      Array.from({ length: writers }, async (_, writer) => {
        const client = new pg.Client({ connectionString: this.url });
        await client.connect();
        const share = Math.floor(rate / writers) + (writer < rate % writers ? 1 : 0);
        await client.query(`call bench.pace(${share}, ${seconds}, ${writer + 1})`);
        await client.end();
      }),
    );
  }

  async stop(): Promise<void> {
    await this.client.end();
    await this.kafka.stop();
    await Promise.all([this.#postgres.stop(), this.#broker.stop()]);
    await this.guard.close();
  }
}

async function startProxy(
  guard: ProcessGuard,
  listen: number,
  target: number,
  roundTripMs: number,
): Promise<ChildProcess> {
  const words = [PROXY, listen, target, roundTripMs].map(String);
  const child = spawn(process.execPath, words, { stdio: ["pipe", "pipe", "inherit"] });
  guard.watch(child, "KILL");
  await once(child.stdout, "data");
  preferToOthers(child.pid ?? 0);
  return child;
}

/** A wire waits for no core. Only root may have it so. */
function preferToOthers(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_HIGHEST);
  } catch {
    // Its delays show: they are part of `addedMs`, and of what is measured.
  }
}
