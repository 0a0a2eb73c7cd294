import type { ChildProcess } from "node:child_process";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Kafka, logLevel } from "kafkajs";
import "../src/kafka/kafkajs-timers.ts";
import pg from "pg";
import { createTopicsWithLeaders } from "../src/demo/services/kafka-topics.ts";
import type { Services } from "../src/demo/services/services.ts";
import { startServices } from "../src/demo/services/services.ts";
import { cpuSeconds, rssMbMax } from "./servers/processes.ts";

const SOURCE = "src/main.ts";
const MAIN = programPath(SOURCE);
const run = promisify(execFile);

const TOPIC = "outbox.event.order";
const STUCK_MS = 60_000;
export const SLOT = "outbox_relay";

/** Servers with an outbox and one topic, as every benchmark needs them. */
export class Rig {
  readonly client: pg.Client;
  readonly brokers: readonly string[];
  readonly url: string;
  readonly #services: Services;
  readonly #relays: BenchRelay[] = [];

  private constructor(services: Services, client: pg.Client) {
    this.#services = services;
    this.client = client;
    this.url = services.postgres.url;
    this.brokers = services.kafka.brokers;
  }

  static async start(partitions: number): Promise<Rig> {
    const services = await startServices(process.env);
    const client = new pg.Client({ connectionString: services.postgres.url });
    await client.connect();
    const rig = new Rig(services, client);
    await run(process.execPath, [MAIN, "migrate", "up"], { env: rig.settings });
    await rig.#createTopic(partitions);
    return rig;
  }

  get settings(): Record<string, string> {
    return {
      PATH: process.env["PATH"] ?? "",
      RELAY_DATABASE_URL: this.url,
      RELAY_KAFKA_BROKERS: this.brokers.join(","),
      RELAY_HTTP_LISTEN: "127.0.0.1:0",
    };
  }

  kafka(): Kafka {
    return new Kafka({ brokers: [...this.brokers], logLevel: logLevel.NOTHING });
  }

  /** `program`: from the top of the project; what was built, or what it is built from. */
  relay(settings: Readonly<Record<string, string>> = {}, program = SOURCE): BenchRelay {
    const relay = new BenchRelay({ ...this.settings, ...settings }, programPath(program));
    this.#relays.push(relay);
    return relay;
  }

  /** Fills the outbox with rows of about 300 payload bytes, `perTransaction` rows in one transaction. */
  async fill(rows: number, perTransaction: number): Promise<void> {
    const transactions = rows / perTransaction;
    await this.client.query(`
      do $$ begin
        for t in 1..${transactions} loop
          insert into outbox (aggregatetype, aggregateid, type, payload)
          select 'order', 'order-' || (n::bigint * 7919 % 50000), 'OrderPlaced',
                 jsonb_build_object('seq', t * ${perTransaction} + n, 'text', repeat(md5(n::text), 8))
          from generate_series(1, ${perTransaction}) n;
          commit;
        end loop;
      end $$`);
  }

  async stop(): Promise<void> {
    for (const relay of this.#relays) relay.kill();
    await this.client.end();
    await this.#services.stop();
  }

  async #createTopic(numPartitions: number): Promise<void> {
    const admin = this.kafka().admin();
    await admin.connect();
    await createTopicsWithLeaders(admin, [{ topic: TOPIC, numPartitions }]);
    await admin.disconnect();
  }
}

/** The relay as a process, with its metrics and its memory. */
export class BenchRelay {
  readonly child: ChildProcess;
  #output = "";

  constructor(env: Readonly<Record<string, string>>, program: string) {
    this.child = spawn(process.execPath, [program, "run"], {
      env,
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.child.stdout?.on("data", (chunk: Buffer) => {
      this.#output += chunk.toString();
    });
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  output(): string {
    return this.#output;
  }

  async streaming(): Promise<void> {
    while (!this.#output.includes('"state":"streaming"')) {
      this.#assertRuns();
      await delay(5);
    }
  }

  /** Waits for the state to be the latest one in the log. */
  async reaches(state: string): Promise<void> {
    while (/.*"state":"([a-z]+)"/s.exec(this.#output)?.[1] !== state) {
      this.#assertRuns();
      await delay(5);
    }
  }

  async metrics(): Promise<string> {
    const port = /"port":(\d+)/.exec(this.#output)?.[1];
    return (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  }

  async published(): Promise<number> {
    const text = await this.metrics();
    const ofTopics = [...text.matchAll(/^relay_events_published_total\{.*\} (\d+)/gm)];
    return ofTopics.reduce((sum, [, count]) => sum + Number(count), 0);
  }

  /** Largest resident set of the process so far, MB; Linux only. */
  rssMbMax(): Promise<number> {
    return rssMbMax(this.pid);
  }

  /** User and system CPU so far, s; Linux only. */
  async cpuSeconds(): Promise<number> {
    return (await cpuSeconds(this.pid)) ?? Number.NaN;
  }

  /** Resolves when `rows` events are durable at Kafka; rejects when nothing more comes. */
  async untilPublished(rows: number, pollMs = 20): Promise<void> {
    let [last, sinceMs] = [0, performance.now()];
    for (;;) {
      const published = await this.published();
      if (published >= rows) return;
      if (published > last) [last, sinceMs] = [published, performance.now()];
      if (performance.now() - sinceMs > STUCK_MS) {
        throw new Error(`stuck at ${published} of ${rows} events:\n${this.#output}`);
      }
      await delay(pollMs);
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  async ended(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null)
      await once(this.child, "exit");
  }

  #assertRuns(): void {
    if (this.child.exitCode !== null) throw new Error(`the relay ended:\n${this.#output}`);
    if (this.#output.includes('"state":"failed"'))
      throw new Error(`the relay failed:\n${this.#output}`);
  }

  kill(): void {
    this.child.kill("SIGKILL");
  }

  async stop(): Promise<void> {
    const exit = once(this.child, "exit");
    this.child.kill("SIGTERM");
    await exit;
  }
}

function programPath(path: string): string {
  return fileURLToPath(new URL(`../${path}`, import.meta.url));
}

export function print(row: Readonly<Record<string, string | number>>): void {
  process.stdout.write(`${JSON.stringify(row)}\n`);
}
