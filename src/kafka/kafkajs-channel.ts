import { Kafka } from "kafkajs";
import type { RelayError } from "../relay/errors.ts";
import type {
  BrokerAddress,
  BrokerChannel,
  BrokerId,
  BrokerRequest,
  Lane,
} from "./broker-channel.ts";
import { advertisedFault, connectionFault, unknownBroker } from "./connection-fault.ts";
import type { ConnectionOptions } from "./kafkajs-config.ts";
import { kafkajsConfig } from "./kafkajs-config.ts";
import "./kafkajs-frames.ts";
import "./kafkajs-timers.ts";
import type { KafkajsBroker, KafkajsCluster } from "./kafkajs-internals.ts";
import {
  createCluster,
  forEachConnection,
  hangUp,
  isConnected,
  renewInTime,
  sendRequest,
} from "./kafkajs-internals.ts";

/** Remembered of those that answered; a cluster has far fewer. */
const ADDRESSES_MAX = 1_000;

const LANES: Readonly<Record<Lane, number>> = { data: 0, coordinator: 1 };

/**
 * BrokerChannel over kafkajs's connections, SASL and TLS. A broker whose connection failed, or whose answer did not come
 * in time, is thrown away whole: kafkajs would parse the rest of a former answer into the next.
 */
export class KafkajsChannel implements BrokerChannel {
  readonly #options: ConnectionOptions;
  readonly #cluster: KafkajsCluster;
  readonly #addresses = new Map<number, BrokerAddress>();
  readonly #brokers = new Map<BrokerId, Promise<KafkajsBroker>>();
  readonly #connected = new Map<BrokerId, KafkajsBroker>();
  /** Addresses, as `host:port`, that did not answer last time: a question to any broker goes to these last. */
  readonly #suspects = new Set<string>();
  /** Addresses, as `host:port`, that answered once. */
  readonly #reached = new Set<string>();
  #anyAddress: BrokerAddress | undefined;
  #isReachable = false;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#cluster = createCluster(new Kafka(kafkajsConfig(options)));
  }

  /** Whether the last request was answered. */
  get isReachable(): boolean {
    return this.#isReachable;
  }

  get bootstrap(): string | undefined {
    return this.#anyAddress === undefined ? undefined : addressText(this.#anyAddress);
  }

  /** The one that stands for any of them counts while it is the only one: most often it is one of the others. */
  get connectedBrokers(): number {
    const open = [...this.#connected].filter(([, broker]) => isConnected(broker));
    const named = open.filter(([id]) => id !== "any");
    return named.length > 0 ? named.length : open.length;
  }

  setBrokers(brokers: readonly BrokerAddress[]): void {
    for (const [id, known] of this.#addresses) {
      const now = brokers.find((broker) => broker.id === id);
      if (now?.host === known.host && now.port === known.port) continue;
      this.#addresses.delete(id);
      this.#discard(id);
    }
    for (const broker of brokers) this.#addresses.set(broker.id, broker);
  }

  async request(
    id: BrokerId,
    lane: Lane,
    request: BrokerRequest,
    sent: () => void = () => undefined,
  ): Promise<Buffer> {
    const connecting = this.#broker(id);
    try {
      const broker = await connecting;
      const isWanted = (): boolean => this.#brokers.get(id) === connecting;
      const answer = await sendRequest(broker, LANES[lane], request, { sent, isWanted });
      this.#isReachable = true;
      this.#suspect(id, false);
      return answer;
    } catch (error) {
      if (this.#brokers.get(id) === connecting) this.#discard(id);
      this.#isReachable = false;
      this.#suspect(id, true);
      throw this.#fault(id, error);
    }
  }

  /** Where a broker sends us to is no setting of ours: if nobody ever answered there, the address is what to look at. */
  #fault(id: BrokerId, error: unknown): RelayError {
    const fault = connectionFault(error, this.#where(id), this.#options);
    const address = id === "any" ? undefined : this.#addresses.get(id);
    if (address === undefined || fault.code !== "KAFKA_UNREACHABLE") return fault;
    const place = addressText(address);
    const isAdvertised = !this.#reached.has(place) && !this.#options.brokers.includes(place);
    return isAdvertised ? advertisedFault(address, this.bootstrap ?? "", fault) : fault;
  }

  close(): void {
    for (const id of [...this.#brokers.keys()]) this.#discard(id);
  }

  /** One shared promise for all who want the same broker: kafkajs would open a socket for each. */
  #broker(id: BrokerId): Promise<KafkajsBroker> {
    const known = this.#brokers.get(id);
    if (known !== undefined) return known;
    const connecting = id === "any" ? this.#connectAny() : this.#connect(this.#addresses.get(id));
    this.#brokers.set(id, connecting);
    connecting.then(
      (broker) => {
        if (this.#brokers.get(id) === connecting) this.#connected.set(id, broker);
      },
      () => undefined,
    );
    return connecting;
  }

  #suspect(id: BrokerId, isSuspect: boolean): void {
    const address = id === "any" ? this.#anyAddress : this.#addresses.get(id);
    if (address === undefined) return;
    const place = addressText(address);
    if (isSuspect) this.#suspects.add(place);
    else {
      this.#suspects.delete(place);
      if (this.#reached.size >= ADDRESSES_MAX) this.#reached.clear();
      this.#reached.add(place);
    }
  }

  /** The configured brokers first, then those that metadata names, until one answers. One that hangs costs a time-out. */
  async #connectAny(): Promise<KafkajsBroker> {
    const seeds = this.#options.brokers.map((text) => {
      const at = text.lastIndexOf(":");
      return { id: -1, host: text.substring(0, at), port: Number(text.substring(at + 1)) };
    });
    const failures: RelayError[] = [];
    const isSuspect = (address: BrokerAddress): number =>
      this.#suspects.has(addressText(address)) ? 1 : 0;
    const addresses = [...seeds, ...this.#addresses.values()];
    for (const address of addresses.toSorted((a, b) => isSuspect(a) - isSuspect(b))) {
      this.#anyAddress = address;
      try {
        return await this.#connect(address);
      } catch (error) {
        this.#suspect("any", true);
        failures.push(connectionFault(error, addressText(address), this.#options));
      }
    }
    // One that is down says less than one that does not let us in.
    throw failures.find(({ remedy }) => remedy === "halt") ?? this.#noneAnswers(failures);
  }

  #noneAnswers(failures: readonly RelayError[]): unknown {
    const telling = failures.find(({ code }) => code !== "KAFKA_UNREACHABLE");
    const last = failures.at(-1);
    if (telling !== undefined || last === undefined) return telling ?? last;
    return connectionFault(last.cause, this.#options.brokers.join(", "), this.#options);
  }

  async #connect(address: BrokerAddress | undefined): Promise<KafkajsBroker> {
    if (address === undefined) throw unknownBroker();
    const { connectionPoolBuilder, brokerPool, rootLogger } = this.#cluster;
    const connectionPool = await connectionPoolBuilder.build(address);
    const broker = brokerPool.createBroker({
      connectionPool,
      logger: rootLogger,
      nodeId: address.id,
    });
    try {
      await broker.connect();
      // The first connection was authenticated on the way.
      forEachConnection(broker, renewInTime);
    } catch (error) {
      hangUp(broker, new Error("the connection was given up"));
      throw error;
    }
    return broker;
  }

  #discard(id: BrokerId): void {
    const connecting = this.#brokers.get(id);
    this.#brokers.delete(id);
    this.#connected.delete(id);
    connecting?.then(
      (broker) => hangUp(broker, new Error("the connection was given up")),
      () => undefined,
    );
  }

  #where(id: BrokerId): string {
    const address = id === "any" ? this.#anyAddress : this.#addresses.get(id);
    return address === undefined ? this.#options.brokers.join(", ") : addressText(address);
  }
}

function addressText({ host, port }: BrokerAddress): string {
  return `${host}:${port}`;
}
