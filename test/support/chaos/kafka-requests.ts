import { KafkajsChannel } from "../../../src/kafka/kafkajs-channel.ts";
import { ByteReader } from "../../../src/kafka/wire/byte-reader.ts";
import { ByteWriter } from "../../../src/kafka/wire/byte-writer.ts";

const ELECT_LEADERS = 43;
const PREFERRED = 0;
const ALTER_CLIENT_QUOTAS = 49;
const DESCRIBE_PRODUCERS = 61;
const DESCRIBE_TRANSACTIONS = 65;
const TRANSACTIONAL_ID_NOT_FOUND = 105;

type Quota = "producer_byte_rate" | "consumer_byte_rate";

/** Requests that kafkajs's admin client does not have, to whichever broker answers. */
export class KafkaRequests {
  readonly #channel: KafkajsChannel;

  constructor(brokers: readonly string[]) {
    const limits = { connectTimeoutMs: 5_000, requestTimeoutMs: 10_000 };
    this.#channel = new KafkajsChannel({ brokers, clientId: "test", ...limits });
  }

  close(): void {
    this.#channel.close();
  }

  /** As the coordinator names it (`Ongoing`, `CompleteAbort`, ...); null when the broker has forgotten the id. */
  async transactionState(transactionalId: string): Promise<string | null> {
    const body = new ByteWriter().tags();
    body.compactArray([transactionalId], (id) => body.compactString(id)).tags();
    const reader = await this.#ask(DESCRIBE_TRANSACTIONS, 0, body);
    reader.tags();
    reader.int32();
    reader.uvarint();
    if (reader.int16() === TRANSACTIONAL_ID_NOT_FOUND) return null;
    reader.compactString();
    return reader.compactString();
  }

  /** How many producers the leader remembers in partition 0. */
  async activeProducers(topic: string): Promise<number> {
    const body = new ByteWriter().tags();
    body.compactArray([topic], (name) => {
      body.compactString(name);
      body.compactArray([0], (partition) => body.int32(partition)).tags();
    });
    const reader = await this.#ask(DESCRIBE_PRODUCERS, 0, body.tags());
    reader.tags();
    reader.int32();
    reader.uvarint();
    reader.compactString();
    reader.uvarint();
    reader.int32();
    reader.int16();
    reader.compactString();
    return reader.uvarint() - 1;
  }

  /** What a client may write or read, in bytes a second; null takes the limit away. */
  async limit(clientId: string, quota: Quota, bytesPerSecond: number | null): Promise<void> {
    const body = new ByteWriter();
    body.array([clientId], (name) => {
      body.array(["client-id"], (entity) => body.string(entity).string(name));
      body.array([quota], (name) => {
        body.string(name).raw(8, (bytes, at) => bytes.writeDoubleBE(bytesPerSecond ?? 0, at));
        body.boolean(bytesPerSecond === null);
      });
    });
    const reader = await this.#ask(ALTER_CLIENT_QUOTAS, 0, body.boolean(false));
    reader.int32();
    const [error] = reader.array(() => {
      const code = reader.int16();
      reader.string();
      reader.array(() => [reader.string(), reader.string()]);
      return code;
    });
    if (error !== 0) throw new Error(`the quota was refused with ${error}`);
  }

  /** Makes the first replica of the partition its leader; a broker that is not in sync does not become it. */
  async electPreferredLeader(topic: string, partition: number): Promise<void> {
    const body = new ByteWriter().int8(PREFERRED);
    body.array([topic], (name) => body.string(name).array([partition], (one) => body.int32(one)));
    await this.#ask(ELECT_LEADERS, 1, body.int32(10_000));
  }

  async #ask(apiKey: number, apiVersion: number, body: ByteWriter): Promise<ByteReader> {
    const request = { apiKey, apiVersion, payload: body.done() };
    return new ByteReader(await this.#channel.request("any", "coordinator", request));
  }
}
