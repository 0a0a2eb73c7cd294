import type {
  BrokerChannel,
  BrokerId,
  BrokerRequest,
  Lane,
} from "../../../src/kafka/broker-channel.ts";
import { RelayError } from "../../../src/relay/errors.ts";
import type { SimProcess } from "../engine/sim-process.ts";
import type { SimBrokers } from "./sim-brokers.ts";
import { SimConnection } from "./sim-connection.ts";

/** The relay's way to the model brokers, over connections that break, lose and delay as those of a network do. */
export class SimChannel implements BrokerChannel {
  readonly #brokers: SimBrokers;
  readonly #process: SimProcess;
  readonly #requestTimeoutMs: number;
  readonly #connections = new Map<string, SimConnection>();
  #any: number | null = null;
  isReachable = false;
  readonly connectedBrokers = 0;

  constructor(brokers: SimBrokers, process: SimProcess, requestTimeoutMs: number) {
    this.#brokers = brokers;
    this.#process = process;
    this.#requestTimeoutMs = requestTimeoutMs;
    brokers.add(this);
    process.onDeath(() => {
      this.cut();
      brokers.remove(this);
    });
  }

  request(
    id: BrokerId,
    lane: Lane,
    request: BrokerRequest,
    sent: () => void = () => undefined,
  ): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      if (!this.#process.isAlive) return;
      const broker = id === "any" ? this.#anyBroker() : id;
      const connection = this.#connection(id, broker, lane);
      const fail = (): void => {
        this.isReachable = false;
        reject(unreachable());
      };
      if (connection === null) {
        this.#process.after(1, fail);
        return;
      }
      // A time-out, too, makes the broker's connections useless to us.
      const cancel = this.#process.after(this.#requestTimeoutMs, () => this.#discard(broker));
      connection.send(request, (answer) => {
        cancel();
        if (answer === null) {
          fail();
          this.#discard(broker);
        } else {
          this.isReachable = true;
          resolve(answer);
        }
      });
      sent();
    });
  }

  setBrokers(): void {
    // Ids are addresses here.
  }

  close(): void {
    this.cut();
  }

  /** Breaks the connections to one broker, or to all. */
  cut(broker?: number): void {
    for (const [key, connection] of [...this.#connections]) {
      if (broker !== undefined && connection.broker !== broker) continue;
      this.#connections.delete(key);
      connection.cut();
    }
    if (broker === undefined || broker === this.#any) this.#any = null;
  }

  #discard(broker: number): void {
    this.cut(broker);
  }

  #anyBroker(): number {
    if (this.#any === null || !this.#brokers.cluster.isUp(this.#any)) {
      const { liveIds } = this.#brokers.cluster;
      this.#any = liveIds.length === 0 ? null : this.#brokers.clock.pick(liveIds);
    }
    return this.#any ?? -1;
  }

  /** A question to any broker has a connection of its own, as in KafkajsChannel. */
  #connection(id: BrokerId, broker: number, lane: Lane): SimConnection | null {
    if (!this.#brokers.cluster.isUp(broker)) return null;
    const key = `${id} ${lane}`;
    const known = this.#connections.get(key);
    if (known !== undefined) return known;
    const connection = new SimConnection(broker, this.#brokers, this.#process);
    this.#connections.set(key, connection);
    return connection;
  }
}

function unreachable(): RelayError {
  return new RelayError("Kafka does not answer", {
    code: "KAFKA_UNREACHABLE",
    remedy: "retry",
    hint: "wait",
  });
}
