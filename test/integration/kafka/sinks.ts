import type { BrokerChannel } from "../../../src/kafka/broker-channel.ts";
import { KafkaSink } from "../../../src/kafka/kafka-sink.ts";
import type { KafkaSinkOptions } from "../../../src/kafka/kafka-sink-options.ts";
import type { ConnectionOptions } from "../../../src/kafka/kafkajs-config.ts";
import { kafkajsPorts } from "../../../src/kafka/kafkajs-ports.ts";
import { systemClock } from "../../../src/ops/system-clock.ts";
import { RelayError } from "../../../src/relay/errors.ts";
import type { AnnounceMoment } from "../../../src/relay/observer.ts";
import type { SinkBatch } from "../../../src/relay/publish/sink.ts";
import type { OutboundRecord } from "../../../src/relay/record/outbound-record.ts";
import { packRecord } from "../../../src/relay/record/pack-record.ts";
import { kafkaBrokers, uniqueName, until } from "../../support/services.ts";

export const GO_ON = new AbortController().signal;
/** Of every record. Close to now: brokers delete what is older than the retention of its topic, soon after it came. */
export const RECORD_MS = Date.now();
const PREFLIGHT_DEADLINE_MS = 20_000;
const SILENCE: AnnounceMoment = () => undefined;

export interface SinkSettings extends Partial<KafkaSinkOptions & ConnectionOptions> {
  readonly moment?: AnnounceMoment;
  /** Puts something in front of the way to the brokers. */
  readonly front?: (channel: BrokerChannel) => BrokerChannel;
}

/** Makes sinks of one slot, and closes all of them at the end. */
export class Sinks {
  readonly slot: string;
  readonly #defaults: SinkSettings;
  readonly #made: KafkaSink[] = [];

  constructor(defaults: SinkSettings = {}) {
    this.slot = uniqueName("slot");
    this.#defaults = defaults;
  }

  make(settings: SinkSettings = {}): KafkaSink {
    const { moment = SILENCE, front, ...options } = { ...this.#defaults, ...settings };
    const all = { ...this.#options(), ...options };
    const ports = kafkajsPorts(all);
    const channel = front?.(ports.channel) ?? ports.channel;
    const sink = new KafkaSink(all, { ...ports, channel }, systemClock, moment);
    this.#made.push(sink);
    return sink;
  }

  /** One that has taken over, and what it read. */
  async open(settings: SinkSettings = {}): Promise<{ sink: KafkaSink; checkpoint: string | null }> {
    const sink = this.make(settings);
    await until(
      async () => {
        const findings = await sink.preflight(GO_ON);
        const faults = findings.filter(({ severity }) => severity === "halt");
        if (faults.length > 0) throw new Error(faults.map(({ message }) => message).join("; "));
        return findings.length === 0;
      },
      PREFLIGHT_DEADLINE_MS,
      "a preflight that finds nothing, tried again as the relay does",
    );
    return { sink, checkpoint: text(await sink.open(GO_ON)) };
  }

  async close(): Promise<void> {
    for (const sink of this.#made) await sink.close();
  }

  #options(): KafkaSinkOptions & ConnectionOptions {
    return {
      brokers: kafkaBrokers(),
      clientId: "test",
      slot: this.slot,
      instanceId: "instance",
      checkpointTopic: `outbox-relay.checkpoint.${this.slot}`,
      checkpointReplicationFactor: -1,
      delivery: "exactly-once",
      transactionalIdPrefix: `outbox-relay.${this.slot}`,
      transactionalIdFormer: null,
      transactionalIds: 3,
      transactionTimeoutMs: 60_000,
      transactionProtocol: "auto",
      codec: null,
      topicAutoCreate: null,
      connectTimeoutMs: 5_000,
      requestBytesMax: 524_288,
      requestTimeoutMs: 5_000,
      batchMsMax: 30_000,
      epochMaxAgeMs: 3_600_000,
      metadataMaxAgeMs: 300_000,
    };
  }
}

export function record(topic: string, key: string, value: string | null): OutboundRecord {
  return packRecord({
    topic,
    key: Buffer.from(key),
    value: value === null ? null : Buffer.from(value),
    headers: [],
    timestampMs: RECORD_MS,
  });
}

export function batch(records: readonly OutboundRecord[], checkpoint: string): SinkBatch {
  return { records, checkpoint: Buffer.from(checkpoint) };
}

export function text(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : Buffer.from(bytes).toString();
}

/** As the relay does it: opens again after a leader that was not ready yet, as that of a new topic may be. */
export async function publishAsRelay(sink: KafkaSink, what: SinkBatch): Promise<void> {
  const isDone = async (): Promise<boolean> => {
    try {
      await sink.publish(what);
      return true;
    } catch (error) {
      if (!(error instanceof RelayError) || error.remedy !== "reopen") throw error;
      await sink.open(GO_ON);
      await sink.learn([...new Set(what.records.map(({ topic }) => topic))], false, GO_ON);
      return false;
    }
  };
  await until(isDone, 20_000, "the new topic to take records");
}

/** What a promise was rejected with; fails when it was not. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("it was not rejected");
}
