import type { Config } from "../config/schema.ts";
import { KafkaPublishedEvents } from "../kafka/kafka-published-events.ts";
import { KafkaSink } from "../kafka/kafka-sink.ts";
import { kafkajsPorts } from "../kafka/kafkajs-ports.ts";
import { systemClock } from "../ops/system-clock.ts";
import { HostOrder } from "../postgres/host-order.ts";
import { PgReplicationSource } from "../postgres/replication-source.ts";
import { PgSourceDatabase } from "../postgres/source-database.ts";
import type { Observer, SinkObserver } from "../relay/observer.ts";
import { SILENT_SINK_OBSERVER } from "../relay/observer.ts";
import { databaseOptions, kafkaConnection, kafkaOptions, sourceOptions } from "./adapters.ts";

/** Postgres and Kafka as the settings name them; nothing connects yet. */
export function relayPorts(
  config: Config,
  observer: Observer,
  sinkObserver: SinkObserver = SILENT_SINK_OBSERVER,
): {
  readonly source: PgReplicationSource;
  readonly database: PgSourceDatabase;
  readonly sink: KafkaSink;
  readonly published: KafkaPublishedEvents;
  readonly clock: typeof systemClock;
  readonly observer: Observer;
} {
  const clock = systemClock;
  const hostOrder = new HostOrder();
  const connection = kafkaConnection(config);
  const { requestTimeoutMs } = config.kafka;
  // A channel of its own: the sink hangs up on all brokers each time it opens.
  const { channel } = kafkajsPorts(connection);
  return {
    source: new PgReplicationSource({ ...sourceOptions(config), hostOrder }, clock),
    database: new PgSourceDatabase({ ...databaseOptions(config), hostOrder }),
    sink: new KafkaSink(
      kafkaOptions(config),
      kafkajsPorts(connection),
      clock,
      observer.moment,
      sinkObserver,
    ),
    published: new KafkaPublishedEvents(channel, clock, {
      requestTimeoutMs,
      undecidedMsMax: config.transaction.timeoutMs,
    }),
    clock,
    observer,
  };
}
