import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePorts } from "./free-ports.ts";
import { KafkaBroker } from "./kafka-broker.ts";
import { kafkaClassArchive } from "./kafka-class-archive.ts";
import { assertRuns, KAFKA_VERSION, kafkaLibraries } from "./kafka-jars.ts";
import type { BrokerPlace, ExtraListener, SecureListener } from "./kafka-properties.ts";
import { brokerProperties } from "./kafka-properties.ts";
import { formatStorage, writeProperties } from "./kafka-storage.ts";
import { ProcessGuard } from "./process-guard.ts";

export interface KafkaOptions {
  readonly version?: string;
  /** 1, or 3 for failover: then topics have three replicas, of which two must be in sync. */
  readonly brokers?: 1 | 3;
  /** A second listener with SCRAM-SHA-512 over TLS. */
  readonly secure?: SecureListener;
  /** More listeners on each broker; `listenerBrokers` tells where they are. */
  readonly listeners?: readonly ExtraListener[];
  /** Users for SCRAM, each in the form of `--add-scram`. */
  readonly scram?: readonly string[];
  /** Options for Java, `-Dname=value`. */
  readonly java?: readonly string[];
  /**
   * A listener for each broker that is reached through somebody else: clients that come in by it are told these
   * ports, brokers among themselves are not. `behindPorts` tells where to hand on what comes there.
   */
  readonly advertisedPorts?: readonly number[];
  /** Broker settings; they win over ours. */
  readonly properties?: Readonly<Record<string, string>>;
  /** Cuts the start short, and ends what it had started. */
  readonly stop?: AbortSignal;
}

/** A Kafka cluster of our own in KRaft mode, without containers, with its data in a temporary folder. */
export interface EmbeddedKafka {
  /** `host:port` of each broker, in the order of their indexes. */
  readonly brokers: readonly string[];
  readonly secureBrokers: readonly string[];
  /** `host:port` of each broker at one of the further listeners. */
  listenerBrokers(name: string): readonly string[];
  /** The port of each broker behind its advertised one; empty without `advertisedPorts`. */
  readonly behindPorts: readonly number[];
  /** Process ids of the brokers that run. */
  readonly pids: readonly number[];
  /** Folder with the log of each broker: `1.log`, `2.log`, ... */
  readonly logs: string;
  /** Starts a broker again, on its old ports and data; at once when it runs. */
  start(index: number): Promise<void>;
  /** Ends one broker at once, as the loss of its machine would. */
  kill(index: number): Promise<void>;
  /** Ends one broker in good order. */
  shutDown(index: number): Promise<void>;
  /** SIGSTOP: the broker's connections stay open and nothing answers until `thaw`. */
  freeze(index: number): void;
  thaw(index: number): void;
  /** Ends all brokers and removes their data. */
  stop(): Promise<void>;
}

export async function startKafka(options: KafkaOptions = {}): Promise<EmbeddedKafka> {
  await assertRuns("java", "-version");
  const libraries = await kafkaLibraries(options.version ?? KAFKA_VERSION, options.stop);
  const classArchive = await kafkaClassArchive(libraries, options.stop);
  const root = await mkdtemp(join(tmpdir(), "outbox-relay-kafka-"));
  const guard = new ProcessGuard(root, options.stop);
  try {
    const places = await brokerPlaces(options.brokers ?? 1, root, options);
    const shared = { libraries, classArchive, guard };
    const brokers = await Promise.all(
      places.map((place) => prepareBroker(place, places, options, shared)),
    );
    await Promise.all(brokers.map((broker) => broker.start()));
    return cluster(brokers, places, { options, root, guard });
  } catch (error) {
    await guard.close();
    throw error;
  }
}

async function brokerPlaces(
  count: number,
  root: string,
  { advertisedPorts, listeners = [] }: KafkaOptions,
): Promise<BrokerPlace[]> {
  const more = listeners.length;
  const ports = await freePorts(count * (4 + more));
  return Array.from({ length: count }, (_, index) => ({
    nodeId: index + 1,
    folder: join(root, String(index + 1)),
    port: ports[index * 4] ?? 0,
    controllerPort: ports[index * 4 + 1] ?? 0,
    securePort: ports[index * 4 + 2] ?? 0,
    behindPort: ports[index * 4 + 3] ?? 0,
    advertisedPort: advertisedPorts?.[index],
    listenerPorts: ports.slice(count * 4 + index * more, count * 4 + (index + 1) * more),
  }));
}

interface Shared {
  readonly libraries: string;
  readonly classArchive: string;
  readonly guard: ProcessGuard;
}

async function prepareBroker(
  place: BrokerPlace,
  all: readonly BrokerPlace[],
  { secure, properties, listeners, scram = [], java = [] }: KafkaOptions,
  shared: Shared,
): Promise<KafkaBroker> {
  const settings = { ...brokerProperties(place, all, secure, listeners), ...properties };
  const file = await writeProperties(place.folder, settings);
  await formatStorage({
    libraries: shared.libraries,
    directory: join(place.folder, "data"),
    properties: file,
    nodeId: place.nodeId,
    scram: [
      ...(secure ? [`SCRAM-SHA-512=[name=${secure.user},password=${secure.password}]`] : []),
      ...scram,
    ],
  });
  return new KafkaBroker({ ...shared, java, properties: file, logFile: `${place.folder}.log` });
}

interface ClusterParts {
  readonly options: KafkaOptions;
  readonly root: string;
  readonly guard: ProcessGuard;
}

function cluster(
  brokers: readonly KafkaBroker[],
  places: readonly BrokerPlace[],
  { options, root, guard }: ClusterParts,
): EmbeddedKafka {
  const at = (index: number): KafkaBroker => {
    const broker = brokers[index];
    if (broker === undefined) throw new RangeError(`there is no broker ${index}`);
    return broker;
  };
  return {
    brokers: places.map(({ port }) => `127.0.0.1:${port}`),
    secureBrokers: options.secure ? places.map((place) => `127.0.0.1:${place.securePort}`) : [],
    listenerBrokers: (name) => {
      const index = options.listeners?.findIndex((one) => one.name === name) ?? -1;
      if (index < 0) throw new RangeError(`there is no listener ${name}`);
      return places.map(({ listenerPorts }) => `127.0.0.1:${listenerPorts[index]}`);
    },
    behindPorts: options.advertisedPorts ? places.map(({ behindPort }) => behindPort) : [],
    logs: root,
    get pids() {
      return brokers.flatMap(({ pid }) => pid ?? []);
    },
    start: (index) => at(index).start(),
    kill: (index) => at(index).end("SIGKILL"),
    shutDown: (index) => at(index).end("SIGTERM"),
    freeze: (index) => at(index).freeze(),
    thaw: (index) => at(index).thaw(),
    async stop() {
      // The data goes away anyway, so there is nothing to flush.
      await Promise.all(brokers.map((broker) => broker.end("SIGKILL")));
      await guard.close();
    },
  };
}
