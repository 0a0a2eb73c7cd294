import type { EmbeddedKafka } from "../../../src/demo/services/embedded-kafka.ts";
import { startKafka } from "../../../src/demo/services/embedded-kafka.ts";
import type { Editor, Judge } from "../kafka-proxy.ts";
import { KafkaProxy } from "../kafka-proxy.ts";
import { FaultProxy } from "./fault-proxy.ts";

export interface RigOptions {
  readonly brokers?: 1 | 3;
  /** Broker settings. */
  readonly properties?: Readonly<Record<string, string>>;
  /** Cuts the start short, and ends what it had started. */
  readonly stop?: AbortSignal;
}

/**
 * Real brokers that clients of `addresses` reach through two proxies each: the outer one knows no protocol and
 * does what networks do, the inner one knows Kafka's frames. `kafka.brokers` leads past both.
 */
export class KafkaRig {
  readonly kafka: EmbeddedKafka;
  readonly wires: readonly FaultProxy[];
  readonly proxies: readonly KafkaProxy[];

  private constructor(
    kafka: EmbeddedKafka,
    wires: readonly FaultProxy[],
    proxies: readonly KafkaProxy[],
  ) {
    this.kafka = kafka;
    this.wires = wires;
    this.proxies = proxies;
  }

  static async start({ brokers = 1, properties = {}, stop }: RigOptions = {}): Promise<KafkaRig> {
    const wires = Array.from({ length: brokers }, () => new FaultProxy());
    const proxies = wires.map(() => new KafkaProxy());
    const ports = await Promise.all(proxies.map((proxy) => proxy.start()));
    const advertisedPorts = await Promise.all(wires.map((wire) => wire.start()));
    wires.forEach((wire, i) => {
      wire.forwardTo({ host: "127.0.0.1", port: ports[i] as number });
    });
    const options = { brokers, properties, advertisedPorts };
    const kafka = await startKafka(stop === undefined ? options : { ...options, stop });
    proxies.forEach((proxy, i) => {
      proxy.forwardTo(kafka.behindPorts[i] as number);
    });
    return new KafkaRig(kafka, wires, proxies);
  }

  /** Where the relay is sent. */
  get settings(): Record<string, string> {
    const addresses = this.wires.map(({ port }) => `127.0.0.1:${port}`);
    return { RELAY_KAFKA_BROKERS: addresses.join(",") };
  }

  /** The proxy and the wire of the only broker, or of the first one. */
  get proxy(): KafkaProxy {
    return this.proxies[0] as KafkaProxy;
  }

  get wire(): FaultProxy {
    return this.wires[0] as FaultProxy;
  }

  judge(judge: Judge): void {
    for (const proxy of this.proxies) proxy.judge = judge;
  }

  edit(edit: Editor): void {
    for (const proxy of this.proxies) proxy.edit = edit;
  }

  heal(): void {
    for (const proxy of this.proxies) proxy.reset();
    for (const wire of this.wires) wire.heal();
  }

  async stop(): Promise<void> {
    await this.kafka.stop();
    await Promise.all([...this.wires, ...this.proxies].map((proxy) => proxy.stop()));
  }
}
