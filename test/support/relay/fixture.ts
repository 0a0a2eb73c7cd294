import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import pg from "pg";
import type { TestDatabase, TestNames } from "../services.ts";
import {
  createDatabase,
  createTopics,
  kafkaBrokers,
  kafkaClient,
  postgresUrl,
  testNames,
} from "../services.ts";
import { until } from "../until.ts";
import type { DeliveryReport } from "./delivery-check.ts";
import { checkDelivery } from "./delivery-check.ts";
import { RelayProcess } from "./relay-process.ts";
import type { ReadRecord } from "./topic-reader.ts";
import { readCommitted } from "./topic-reader.ts";

const MAIN = fileURLToPath(new URL("../../../src/main.ts", import.meta.url));
const run = promisify(execFile);

export interface FixtureOptions {
  readonly postgresUrl?: string;
  readonly brokers?: readonly string[];
  readonly routes?: readonly string[];
  readonly partitions?: number;
  /** False leaves the migrations to the test. */
  readonly migrate?: boolean;
}

export interface CommandResult {
  /** The exit code. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** One database, slot, publication and set of topics of its own, and the relays that a test starts on them. */
export class RelayFixture {
  readonly database: TestDatabase;
  readonly names: TestNames;
  readonly brokers: readonly string[];
  readonly topics: readonly string[];
  readonly #relays: RelayProcess[] = [];
  #client: pg.Client;

  private constructor(
    database: TestDatabase,
    client: pg.Client,
    names: TestNames,
    brokers: readonly string[],
    topics: readonly string[],
  ) {
    this.database = database;
    this.#client = client;
    this.names = names;
    this.brokers = brokers;
    this.topics = topics;
  }

  static async create(prefix: string, options: FixtureOptions = {}): Promise<RelayFixture> {
    const { routes = ["order"], partitions = 3, migrate = true } = options;
    const brokers = options.brokers ?? kafkaBrokers();
    const names = testNames(prefix);
    const database = await createDatabase(prefix, options.postgresUrl ?? postgresUrl());
    const client = await connectClient(database.url);
    const topics = routes.map((route) => names.topicPrefix + route);
    if (topics.length > 0) await createTopics(topics, { partitions }, kafkaClient([...brokers]));
    const fixture = new RelayFixture(database, client, names, brokers, topics);
    if (migrate) await fixture.migrate();
    return fixture;
  }

  get client(): pg.Client {
    return this.#client;
  }

  /** A new connection, after the server was away. */
  async reconnect(): Promise<void> {
    await this.#client.end().catch(() => undefined);
    this.#client = await connectClient(this.database.url);
  }

  get settings(): Record<string, string> {
    return {
      RELAY_DATABASE_URL: this.database.url,
      RELAY_KAFKA_BROKERS: this.brokers.join(","),
      RELAY_SLOT_NAME: this.names.slot,
      RELAY_PUBLICATION_NAME: this.names.publication,
      RELAY_TOPIC_TEMPLATE: `${this.names.topicPrefix}\${routedByValue}`,
    };
  }

  async migrate(): Promise<void> {
    const env = { PATH: process.env["PATH"], ...this.settings };
    await run(process.execPath, [MAIN, "migrate", "up", "--publication", this.names.publication], {
      env,
    });
  }

  /** Runs a command of the program to its end. */
  async command(
    argv: readonly string[],
    settings: Readonly<Record<string, string>> = {},
  ): Promise<CommandResult> {
    const env = { PATH: process.env["PATH"], ...this.settings, ...settings };
    try {
      const { stdout, stderr } = await run(process.execPath, [MAIN, ...argv], { env });
      return { code: 0, stdout, stderr };
    } catch (error) {
      const { code, stdout = "", stderr = "" } = error as Partial<CommandResult>;
      if (code === undefined) throw error;
      return { code, stdout, stderr };
    }
  }

  start(settings: Readonly<Record<string, string>> = {}): RelayProcess {
    const relay = new RelayProcess({ ...this.settings, ...settings });
    this.#relays.push(relay);
    return relay;
  }

  async streaming(settings: Readonly<Record<string, string>> = {}): Promise<RelayProcess> {
    const relay = this.start(settings);
    await relay.reaches("streaming");
    return relay;
  }

  /**
   * Makes the slot: what is written before there is one is nobody's to publish. And a checkpoint with a position in it,
   * which every confirmation from then on can be held against.
   */
  async begin(): Promise<void> {
    const first = await this.streaming();
    await this.insert("first");
    await this.caughtUp(first);
    await first.kill();
  }

  /** Inserts one event and returns its id. */
  async insert(key: string, payload: string | null = "{}", route = "order"): Promise<string> {
    const { rows } = await this.client.query<{ id: string }>(
      "insert into outbox (aggregatetype, aggregateid, type, payload) values ($1, $2, 'Placed', $3) returning id::text",
      [route, key, payload],
    );
    return rows[0]?.id ?? "";
  }

  read(topics: readonly string[] = this.topics): Promise<ReadRecord[]> {
    return readCommitted(this.brokers, topics);
  }

  async delivery(): Promise<DeliveryReport> {
    return checkDelivery(this.client, "outbox", await this.read());
  }

  /** Waits until nothing that is committed now is still to be published. */
  async caughtUp(relay: RelayProcess, deadlineMs = 60_000, slot = this.names.slot): Promise<void> {
    const { rows } = await this.client.query<{ lsn: string }>(
      "select pg_current_wal_lsn()::text as lsn",
    );
    await this.confirmedPast(rows[0]?.lsn ?? "0/0", relay, deadlineMs, slot);
  }

  /** Drops the slot of a relay that is gone, once its walsender has noticed that. */
  async dropSlot(slot = this.names.slot): Promise<void> {
    const drop =
      "select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = $1 and not active";
    await until(
      async () => (await this.client.query(drop, [slot])).rowCount === 1,
      60_000,
      `slot ${slot} to be free`,
    );
  }

  /** Waits until the slot is confirmed up to `lsn`; writes a little WAL so that the server tells of its end. */
  async confirmedPast(
    lsn: string,
    relay: RelayProcess,
    deadlineMs = 60_000,
    slot = this.names.slot,
  ): Promise<void> {
    await until(
      async () => {
        await this.client.query("select pg_logical_emit_message(true, 'test', '')");
        const { rows } = await this.client.query<{ past: boolean }>(
          "select confirmed_flush_lsn >= $1::pg_lsn as past from pg_replication_slots where slot_name = $2",
          [lsn, slot],
        );
        return rows[0]?.past === true;
      },
      deadlineMs,
      () => `slot ${slot} to be confirmed past ${lsn}\n${relay.output}`,
    );
  }

  async close(): Promise<void> {
    for (const relay of this.#relays) {
      if (!relay.hasEnded) relay.signal("SIGCONT");
      await relay.kill();
    }
    await this.client.end().catch(() => undefined);
    await this.database.drop();
  }
}

async function connectClient(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => undefined);
  await client.connect();
  return client;
}
