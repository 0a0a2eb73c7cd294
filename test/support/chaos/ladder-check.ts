import { kafkaConnection, kafkaOptions } from "../../../src/cli/adapters.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { KafkaSink } from "../../../src/kafka/kafka-sink.ts";
import { kafkajsPorts } from "../../../src/kafka/kafkajs-ports.ts";
import { systemClock } from "../../../src/ops/system-clock.ts";
import { parseLsn } from "../../../src/relay/lsn.ts";
import { coveredLsn } from "../../../src/relay/progress.ts";
import { decodeCheckpoint } from "../../../src/relay/settle/checkpoint.ts";
import type { RelayFixture } from "../relay/fixture.ts";

/**
 * Bytes by which the slot is confirmed past what the committed checkpoint covers: never more than 0, or
 * rows in between are neither in Kafka nor in the slot. Fails when there is no checkpoint.
 */
export async function confirmedPastCheckpoint(fixture: RelayFixture): Promise<bigint> {
  const { rows } = await fixture.client.query<{ lsn: string }>(
    "select confirmed_flush_lsn::text as lsn from pg_replication_slots where slot_name = $1",
    [fixture.names.slot],
  );
  const confirmed = parseLsn(rows[0]?.lsn ?? "");
  return confirmed - coveredLsn(decodeCheckpoint(await storedCheckpoint(fixture)));
}

async function storedCheckpoint({ settings, names }: RelayFixture): Promise<Uint8Array> {
  const { config } = loadConfig(settings);
  const ports = kafkajsPorts(kafkaConnection(config));
  const sink = new KafkaSink(kafkaOptions(config), ports, systemClock, () => undefined);
  try {
    const stored = await sink.peek(new AbortController().signal);
    if (stored === null) throw new Error(`no checkpoint of slot ${names.slot} is committed`);
    return stored;
  } finally {
    await sink.close();
  }
}
