import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { openSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { freePorts } from "../../src/demo/services/free-ports.ts";
import { benchJars, debeziumPlugins, jdk } from "../servers/jars.ts";
import type { World } from "../servers/world.ts";

const START_DEADLINE_MS = 120_000;
const POLL_MS = 200;
const PUT_TRIES = 30;
const PUT_AGAIN_MS = 1_000;
/** Heap and collector of Kafka's own connect-distributed.sh. */
const JVM_FLAGS = [
  "-Xms256M",
  "-Xmx2G",
  "-server",
  "-XX:+UseG1GC",
  "-XX:MaxGCPauseMillis=20",
  "-XX:InitiatingHeapOccupancyPercent=35",
  "-XX:+ExplicitGCInvokesConcurrent",
  "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
];
const STRING = "org.apache.kafka.connect.storage.StringConverter";

/** One worker of Kafka Connect in distributed mode, with Debezium in it. */
export class ConnectWorker {
  readonly #child: ChildProcess;
  readonly #log: string;
  readonly #url: string;

  private constructor(child: ChildProcess, log: string, url: string) {
    this.#child = child;
    this.#log = log;
    this.#url = url;
  }

  /** Fetches the jars where they are not there yet; rejects with Unavailable where that fails. */
  static async start(world: World, isExactlyOnce: boolean): Promise<ConnectWorker> {
    const java = join(await jdk(), "bin", "java");
    const [jars, plugins] = [await benchJars(), await debeziumPlugins()];
    const [port = 0] = await freePorts(1);
    const name = `connect-${port}`;
    for (const [kind, partitions] of Object.entries({ offsets: 4, configs: 1, status: 4 })) {
      await world.kafka.createTopic(`${name}-${kind}`, partitions, ["cleanup.policy=compact"]);
    }
    const file = join(world.folder, `${name}.properties`);
    const settings = properties({ name, port, bootstrap: world.bootstrap, plugins, isExactlyOnce });
    await writeFile(
      file,
      Object.entries(settings)
        .map(([key, value]) => `${key}=${value}\n`)
        .join(""),
    );
    const log = join(world.folder, `${name}.log`);
    const out = openSync(log, "a");
    const program = ["-cp", join(jars, "*"), "org.apache.kafka.connect.cli.ConnectDistributed"];
    const child = spawn(java, [...JVM_FLAGS, ...program, file], { stdio: ["ignore", out, out] });
    world.guard.watch(child, "KILL");
    const worker = new ConnectWorker(child, log, `http://127.0.0.1:${port}/connectors`);
    await worker.#serves();
    return worker;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Makes a connector; the worker may still be settling who leads, and is asked again. */
  async put(name: string, config: Readonly<Record<string, string>>): Promise<void> {
    let answer = "";
    for (let i = 0; i < PUT_TRIES; i++) {
      const response = await fetch(`${this.#url}/${name}/config`, {
        method: "PUT",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(config),
      });
      if (response.ok) return;
      answer = await response.text();
      await delay(PUT_AGAIN_MS);
    }
    throw new Error(`Kafka Connect refuses the connector: ${answer}`);
  }

  async remove(name: string): Promise<void> {
    await fetch(`${this.#url}/${name}`, { method: "DELETE" });
  }

  /** What Connect tells of a connector, with the last of its log. */
  async status(name: string): Promise<string> {
    const answer = await (await fetch(`${this.#url}/${name}/status`)).text();
    return `${answer}\n${await this.#logged()}`;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "exit");
    // Its connectors are gone by now, and an orderly leave takes long.
    this.#child.kill("SIGKILL");
    await ended;
  }

  async #serves(): Promise<void> {
    const deadlineMs = performance.now() + START_DEADLINE_MS;
    for (;;) {
      const isUp = await fetch(this.#url).then(
        ({ ok }) => ok,
        () => false,
      );
      if (isUp) return;
      if (this.#child.exitCode !== null || performance.now() > deadlineMs) {
        this.#child.kill("SIGKILL");
        throw new Error(`Kafka Connect does not start; its log:\n${await this.#logged()}`);
      }
      await delay(POLL_MS);
    }
  }

  async #logged(): Promise<string> {
    return (await readFile(this.#log, "utf8").catch(() => "")).slice(-4_000);
  }
}

function properties(options: {
  readonly name: string;
  readonly port: number;
  readonly bootstrap: string;
  readonly plugins: string;
  readonly isExactlyOnce: boolean;
}): Record<string, string> {
  const { name, port, bootstrap, plugins, isExactlyOnce } = options;
  return {
    "bootstrap.servers": bootstrap,
    "group.id": name,
    "key.converter": STRING,
    "value.converter": STRING,
    "config.storage.topic": `${name}-configs`,
    "offset.storage.topic": `${name}-offsets`,
    "status.storage.topic": `${name}-status`,
    "config.storage.replication.factor": "1",
    "offset.storage.replication.factor": "1",
    "status.storage.replication.factor": "1",
    "offset.flush.interval.ms": "60000",
    "exactly.once.source.support": isExactlyOnce ? "enabled" : "disabled",
    listeners: `http://127.0.0.1:${port}`,
    "plugin.path": plugins,
    "plugin.discovery": "service_load",
    "scheduled.rebalance.max.delay.ms": "0",
    "connector.client.config.override.policy": "All",
  };
}
