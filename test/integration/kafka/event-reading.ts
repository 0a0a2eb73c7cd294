import { KafkaPublishedEvents } from "../../../src/kafka/kafka-published-events.ts";
import type { KafkaSink } from "../../../src/kafka/kafka-sink.ts";
import { KafkajsChannel } from "../../../src/kafka/kafkajs-channel.ts";
import { systemClock } from "../../../src/ops/system-clock.ts";
import type { PublishedEvent } from "../../../src/relay/backfill/published-events.ts";
import type { Lsn } from "../../../src/relay/lsn.ts";
import { formatPosition } from "../../../src/relay/position.ts";
import type { OutboundRecord } from "../../../src/relay/record/outbound-record.ts";
import { packRecord } from "../../../src/relay/record/pack-record.ts";
import { batch, GO_ON, publishAsRelay, RECORD_MS } from "./sinks.ts";

export interface Read {
  readonly events: readonly PublishedEvent[];
  readonly cutShort: readonly string[];
}

/** Reads events over a connection of its own. */
export class EventReading {
  readonly channel: KafkajsChannel;
  readonly #events: KafkaPublishedEvents;

  constructor(brokers: readonly string[]) {
    const limits = { connectTimeoutMs: 5_000, requestTimeoutMs: 5_000 };
    this.channel = new KafkajsChannel({ brokers, clientId: "test", ...limits });
    const options = { requestTimeoutMs: 20_000, undecidedMsMax: 10_000 };
    this.#events = new KafkaPublishedEvents(this.channel, systemClock, options);
  }

  /** `progressed` is called with each event before the next is read. */
  async since(
    topics: readonly string[],
    sinceMs: number,
    progressed: (events: number) => void = () => undefined,
  ): Promise<Read> {
    const events: PublishedEvent[] = [];
    const found = (event: PublishedEvent): void => progressed(events.push(event));
    const { cutShort } = await this.#events.since(topics, sinceMs, found, GO_ON);
    return { events, cutShort };
  }

  async after(pattern: RegExp, position: string): Promise<Read> {
    const events: PublishedEvent[] = [];
    const found = (event: PublishedEvent): void => void events.push(event);
    const { cutShort } = await this.#events.after(pattern, position, found, GO_ON);
    return { events, cutShort };
  }
}

export function ids({ events }: Read): string[] {
  return events.map(({ id }) => id);
}

/** In the order of their numbers. */
export function sortedIds(read: Read): string[] {
  return ids(read).toSorted((a, b) => Number(a.slice(1)) - Number(b.slice(1)));
}

export function numbered(from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, i) => `e${from + i}`);
}

export function positionOf(number: number): string {
  return formatPosition({ timeline: 1, commitLsn: BigInt(number) as Lsn, index: 1 });
}

/** The events of these numbers as the relay publishes them, each a ms later than the one before. */
export async function publishEvents(
  sink: KafkaSink,
  topic: string,
  [from, to]: readonly [number, number],
  value: (number: number) => string = String,
): Promise<void> {
  await sink.learn([topic], false, GO_ON);
  for (let first = from; first <= to; first += 1_000) {
    const records: OutboundRecord[] = [];
    for (let number = first; number <= Math.min(to, first + 999); number++) {
      records.push(
        packRecord({
          topic,
          key: Buffer.from(`key-${number % 97}`),
          value: Buffer.from(value(number)),
          headers: [
            { name: Buffer.from("id"), value: Buffer.from(`e${number}`) },
            { name: Buffer.from("type"), value: Buffer.from("OrderPlaced") },
            { name: Buffer.from("position"), value: Buffer.from(positionOf(number)) },
          ],
          timestampMs: RECORD_MS + number,
        }),
      );
    }
    await publishAsRelay(sink, batch(records, String(first)));
  }
}
