import { join } from "node:path";

/** Where one broker lives: its number, its folder and its ports. */
export interface BrokerPlace {
  readonly nodeId: number;
  readonly folder: string;
  readonly port: number;
  readonly controllerPort: number;
  readonly securePort: number;
  /** Where it listens for clients that come through somebody else, who hands on what comes to `advertisedPort`. */
  readonly behindPort: number;
  readonly advertisedPort: number | undefined;
  /** Of the further listeners, in their order. */
  readonly listenerPorts: readonly number[];
}

/** A listener beside the plain one. */
export interface ExtraListener {
  /** Upper-case letters. */
  readonly name: string;
  readonly protocol: "SSL" | "SASL_SSL" | "SASL_PLAINTEXT" | "PLAINTEXT";
  /** Its own settings, without the prefix: `ssl.keystore.location` and the like. */
  readonly properties: Readonly<Record<string, string>>;
}

export interface SecureListener {
  /** A PEM file that holds the private key (PKCS#8) and the certificate. */
  readonly pem: string;
  readonly user: string;
  readonly password: string;
}

/** The settings of a combined broker and controller, one of `all`. */
export function brokerProperties(
  place: BrokerPlace,
  all: readonly BrokerPlace[],
  secure: SecureListener | undefined,
  extra: readonly ExtraListener[] = [],
): Record<string, string> {
  const voters = all.map((one) => `${one.nodeId}@127.0.0.1:${one.controllerPort}`);
  const { advertisedPort } = place;
  const listeners = [
    `PLAINTEXT://127.0.0.1:${place.port}`,
    ...(secure ? [`SECURE://127.0.0.1:${place.securePort}`] : []),
    ...extra.map(({ name }, index) => `${name}://127.0.0.1:${place.listenerPorts[index]}`),
  ];
  const isBehind = advertisedPort !== undefined;
  const own = isBehind ? [`BEHIND://127.0.0.1:${place.behindPort}`] : [];
  const advertised = isBehind ? [`BEHIND://127.0.0.1:${advertisedPort}`] : [];
  return {
    "process.roles": "broker,controller",
    "node.id": String(place.nodeId),
    "controller.quorum.voters": voters.join(","),
    listeners: [...listeners, ...own, `CONTROLLER://127.0.0.1:${place.controllerPort}`].join(","),
    "advertised.listeners": [...listeners, ...advertised].join(","),
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "PLAINTEXT",
    "listener.security.protocol.map": [
      "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SASL_SSL,BEHIND:PLAINTEXT",
      ...extra.map(({ name, protocol }) => `${name}:${protocol}`),
    ].join(","),
    "log.dirs": join(place.folder, "data"),
    "auto.create.topics.enable": "false",
    ...replication(all.length),
    ...smallAndQuick(all.length),
    ...(secure && scramOverTls(secure)),
    ...Object.assign({}, ...extra.map(prefixed)),
  };
}

function prefixed({ name, properties }: ExtraListener): Record<string, string> {
  const prefix = `listener.name.${name.toLowerCase()}.`;
  return Object.fromEntries(
    Object.entries(properties).map(([property, value]) => [prefix + property, value]),
  );
}

function replication(brokers: number): Record<string, string> {
  const replicas = String(brokers);
  const inSync = brokers >= 3 ? "2" : "1";
  return {
    "default.replication.factor": replicas,
    "min.insync.replicas": inSync,
    "offsets.topic.replication.factor": replicas,
    "transaction.state.log.replication.factor": replicas,
    "transaction.state.log.min.isr": inSync,
  };
}

function smallAndQuick(brokers: number): Record<string, string> {
  return {
    "offsets.topic.num.partitions": "1",
    "transaction.state.log.num.partitions": "1",
    "group.initial.rebalance.delay.ms": "0",
    "log.cleaner.dedupe.buffer.size": "2097152",
    // The default of 9 s is how long a killed broker keeps its partitions.
    "broker.session.timeout.ms": "2000",
    "broker.heartbeat.interval.ms": "400",
    "controlled.shutdown.enable": brokers > 1 ? "true" : "false",
  };
}

function scramOverTls(secure: SecureListener): Record<string, string> {
  return {
    "sasl.enabled.mechanisms": "SCRAM-SHA-512",
    "listener.name.secure.scram-sha-512.sasl.jaas.config":
      "org.apache.kafka.common.security.scram.ScramLoginModule required;",
    "ssl.keystore.type": "PEM",
    "ssl.keystore.location": secure.pem,
  };
}
