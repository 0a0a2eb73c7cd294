import type { ChildProcess } from "node:child_process";
import { execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createWriteStream, existsSync } from "node:fs";
import {
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  writeFile,
} from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const clusterId = "4L6g3nShT-eMCtK--X86sw";
const pom = resolve("src/demo/services/kafka/pom.xml");
/** Fastest start on few cores: first compiler tier only, serial collector, and the class archive that a first run writes. */
const jvm = [
  "-Xmx256m",
  "-XX:TieredStopAtLevel=1",
  "-XX:+UseSerialGC",
  "-Xlog:disable",
  "-Xlog:all=error:stderr",
];

export type KafkaOptions = {
  version?: string;
  /** 1, or 3 for failover tests. */
  brokers?: number;
  /** A second listener with SCRAM-SHA-512 over TLS; needs a PEM file that holds key and certificate. */
  secure?: { pem: string; user: string; password: string };
  properties?: Record<string, string>;
};

export type EmbeddedKafka = {
  brokers: string[];
  secureBrokers: string[];
  pids: number[];
  logs: string;
  stop(): Promise<void>;
  /** Ends one broker at once; `start` brings it back on its old ports and data. */
  kill(index: number): Promise<void>;
  start(index: number): Promise<void>;
};

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, "127.0.0.1");
      await once(server, "listening");
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => promisify(server.close.bind(server))()));
  return ports;
}

/** Fetches the jars once for each version (44 MB), from Maven Central through the machine's own Maven settings. */
async function jars(version: string): Promise<string> {
  const directory = resolve(".cache", `kafka-${version}`);
  if (existsSync(directory)) return directory;
  const partial = `${directory}.${process.pid}`;
  await run("mvn", [
    "-q",
    "-B",
    "-f",
    pom,
    `-Dkafka.version=${version}`,
    "dependency:copy-dependencies",
    `-DoutputDirectory=${partial}`,
  ]);
  await rename(partial, directory);
  return directory;
}

async function format(
  libs: string,
  directory: string,
  settings: string,
  scram: string[],
): Promise<void> {
  const template = join(
    libs,
    `bootstrap-${scram.length === 0 ? "plain" : Buffer.from(scram.join()).toString("base64url")}`,
  );
  if (!existsSync(template)) {
    const tool = ["-Xmx128m", ...jvm.slice(1), "-cp", `${libs}/*`, "kafka.tools.StorageTool"];
    await run("java", [
      ...tool,
      "format",
      "-t",
      clusterId,
      "-c",
      settings,
      ...scram.flatMap((value) => ["--add-scram", value]),
    ]);
    await copyFile(join(directory, "bootstrap.checkpoint"), template);
    return;
  }
  const id = /^node\.id=(\d+)$/m.exec(await readFile(settings, "utf8"))?.[1];
  await mkdir(directory, { recursive: true });
  await copyFile(template, join(directory, "bootstrap.checkpoint"));
  const meta = [
    `cluster.id=${clusterId}`,
    "version=1",
    `directory.id=${randomBytes(16).toString("base64url")}`,
    `node.id=${id}`,
  ];
  await writeFile(join(directory, "meta.properties"), `${meta.join("\n")}\n`);
}

/** Starts Apache Kafka in KRaft mode, without containers. The data lives in a temporary folder that `stop` removes. */
export async function startKafka(options: KafkaOptions = {}): Promise<EmbeddedKafka> {
  const { version = "4.3.1", brokers: count = 1, secure, properties = {} } = options;
  const libs = await jars(version);
  const root = await mkdtemp(join(tmpdir(), "kafka-"));
  const ports = await freePorts(count * 3);
  const port = (index: number, kind: number) => ports[index * 3 + kind];
  const indexes = Array.from({ length: count }, (_, index) => index);
  const voters = indexes.map((index) => `${index + 1}@127.0.0.1:${port(index, 1)}`).join(",");
  const children: (ChildProcess | undefined)[] = [];
  const scram = secure ? [`SCRAM-SHA-512=[name=${secure.user},password=${secure.password}]`] : [];
  const replicas = String(Math.min(count, 3));

  const configure = async (index: number): Promise<void> => {
    const own = join(root, String(index + 1));
    await mkdir(own, { recursive: true });
    const listeners = [
      `PLAINTEXT://127.0.0.1:${port(index, 0)}`,
      ...(secure ? [`SECURE://127.0.0.1:${port(index, 2)}`] : []),
    ];
    const settings = {
      "process.roles": "broker,controller",
      "node.id": String(index + 1),
      "controller.quorum.voters": voters,
      listeners: [...listeners, `CONTROLLER://127.0.0.1:${port(index, 1)}`].join(","),
      "advertised.listeners": listeners.join(","),
      "controller.listener.names": "CONTROLLER",
      "inter.broker.listener.name": "PLAINTEXT",
      "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SASL_SSL",
      "log.dirs": join(own, "data"),
      "auto.create.topics.enable": "false",
      "default.replication.factor": replicas,
      "min.insync.replicas": count >= 3 ? "2" : "1",
      "offsets.topic.replication.factor": replicas,
      "offsets.topic.num.partitions": "1",
      "transaction.state.log.replication.factor": replicas,
      "transaction.state.log.min.isr": count >= 3 ? "2" : "1",
      "transaction.state.log.num.partitions": "1",
      "group.initial.rebalance.delay.ms": "0",
      "log.cleaner.dedupe.buffer.size": "2097152",
      // The default of 9 s is how long a killed broker keeps its partitions.
      "broker.session.timeout.ms": "2000",
      "broker.heartbeat.interval.ms": "400",
      "controlled.shutdown.enable": count > 1 ? "true" : "false",
      ...(secure && {
        "sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "listener.name.secure.scram-sha-512.sasl.jaas.config":
          "org.apache.kafka.common.security.scram.ScramLoginModule required;",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": secure.pem,
      }),
      ...properties,
    };
    const file = join(own, "server.properties");
    await writeFile(
      file,
      `${Object.entries(settings)
        .map(([key, value]) => `${key}=${value}`)
        .join("\n")}\n`,
    );
    await format(libs, join(own, "data"), file, scram);
  };

  const start = async (index: number): Promise<void> => {
    const own = join(root, String(index + 1));
    const archive = join(libs, "classes.jsa");
    const share = existsSync(archive) ? [`-XX:SharedArchiveFile=${archive}`] : [];
    const child = spawn(
      "java",
      [
        ...jvm,
        ...share,
        "-Dorg.slf4j.simpleLogger.defaultLogLevel=info",
        "-cp",
        `${libs}/*`,
        "kafka.Kafka",
        join(own, "server.properties"),
      ],
      {
        stdio: ["ignore", "ignore", "pipe"],
      },
    );
    children[index] = child;
    const log = createWriteStream(join(root, `${index + 1}.log`), { flags: "a" });
    let tail = "";
    await new Promise<void>((done, fail) => {
      child.once("exit", (code) =>
        fail(new Error(`Kafka ended with ${code} before it was ready:\n${tail.slice(-4000)}`)),
      );
      child.once("error", fail);
      child.stderr?.on("data", (chunk: Buffer) => {
        log.write(chunk);
        tail = (tail + chunk.toString()).slice(-8000);
        if (/Kafka Server started|started \(kafka.server.KafkaRaftServer\)/.test(tail)) done();
      });
    });
  };

  const end = async (index: number, signal: NodeJS.Signals): Promise<void> => {
    const child = children[index];
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  };

  for (const index of indexes) await configure(index);
  await Promise.all(indexes.map(start));
  return {
    brokers: indexes.map((index) => `127.0.0.1:${port(index, 0)}`),
    secureBrokers: secure ? indexes.map((index) => `127.0.0.1:${port(index, 2)}`) : [],
    get pids() {
      return children.flatMap((child) => child?.pid ?? []);
    },
    logs: root,
    kill: (index) => end(index, "SIGKILL"),
    start,
    async stop() {
      // The data goes away anyway, so there is nothing to flush.
      await Promise.all(indexes.map((index) => end(index, "SIGKILL")));
      await rm(root, { recursive: true, force: true });
    },
  };
}

/** Writes the class archive that halves the start time; a JDK runs it once for each version. */
export async function archiveClasses(version = "4.3.1"): Promise<void> {
  const libs = await jars(version);
  if ((await readdir(libs)).includes("classes.jsa")) return;
  const root = await mkdtemp(join(tmpdir(), "kafka-"));
  const [broker, controller] = await freePorts(2);
  const file = join(root, "server.properties");
  const settings = [
    "process.roles=broker,controller",
    "node.id=1",
    `controller.quorum.voters=1@127.0.0.1:${controller}`,
    `listeners=PLAINTEXT://127.0.0.1:${broker},CONTROLLER://127.0.0.1:${controller}`,
    "controller.listener.names=CONTROLLER",
    `log.dirs=${join(root, "data")}`,
  ];
  await writeFile(file, `${settings.join("\n")}\n`);
  await format(libs, join(root, "data"), file, []);
  const partial = join(root, "classes.jsa");
  const child = spawn(
    "java",
    [...jvm, `-XX:ArchiveClassesAtExit=${partial}`, "-cp", `${libs}/*`, "kafka.Kafka", file],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  child.stderr?.on("data", (chunk: Buffer) => {
    if (chunk.includes("Kafka Server started")) child.kill("SIGTERM");
  });
  await once(child, "exit");
  await copyFile(partial, `${join(libs, "classes.jsa")}.${process.pid}`);
  await rename(`${join(libs, "classes.jsa")}.${process.pid}`, join(libs, "classes.jsa"));
  await rm(root, { recursive: true, force: true });
}
