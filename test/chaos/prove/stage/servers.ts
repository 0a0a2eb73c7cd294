import type { EmbeddedKafka } from "../../../../src/demo/services/embedded-kafka.ts";
import { startKafka } from "../../../../src/demo/services/embedded-kafka.ts";
import type { PostgresServer } from "../../../../src/demo/services/embedded-postgres.ts";
import { startPostgres } from "../../../../src/demo/services/embedded-postgres.ts";
import {
  KAFKA_VERSION,
  KAFKA_VERSION_FOR_KILLS,
} from "../../../../src/demo/services/kafka-jars.ts";
import type { PostgresMajor } from "../../../../src/demo/services/postgres-binaries.ts";
import { FaultProxy } from "../../../support/chaos/fault-proxy.ts";

/** There is always a leader and a standby, each with a way of its own to Postgres. */
export const SEATS = [0, 1] as const;
export type Seat = (typeof SEATS)[number];

/** Real servers, and the proxies through which the relays reach them; everybody else reaches them directly. */
export interface Servers {
  readonly postgres: PostgresServer;
  readonly kafka: EmbeddedKafka;
  /** By seat. */
  readonly postgresProxies: readonly FaultProxy[];
  /** By index of the broker. */
  readonly kafkaProxies: readonly FaultProxy[];
  stop(): Promise<void>;
}

export async function startServers(
  major: PostgresMajor,
  brokers: 1 | 3,
  stop?: AbortSignal,
): Promise<Servers> {
  const postgresProxies = SEATS.map(() => new FaultProxy());
  const kafkaProxies = Array.from({ length: brokers }, () => new FaultProxy());
  const proxies = [...postgresProxies, ...kafkaProxies];
  await Promise.all(proxies.map((proxy) => proxy.start()));
  const advertisedPorts = kafkaProxies.map(({ port }) => port);
  const stopping = stop && { stop };
  const started = await Promise.allSettled([
    startPostgres({ major, settings: { max_prepared_transactions: "20" }, ...stopping }),
    startKafka({ brokers, version: kafkaVersion(brokers), advertisedPorts, ...stopping }),
  ] as const);
  const [postgres, kafka] = started;
  const stopAll = async (): Promise<void> => {
    await Promise.all(proxies.map((proxy) => proxy.stop()));
    const running = started.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    await Promise.all(running.map((server) => server.stop()));
  };
  if (postgres.status === "rejected" || kafka.status === "rejected") {
    await stopAll();
    throw postgres.status === "rejected"
      ? postgres.reason
      : (kafka as PromiseRejectedResult).reason;
  }
  const target = { host: "127.0.0.1" };
  const postgresPort = Number(new URL(postgres.value.url).port);
  for (const proxy of postgresProxies) proxy.forwardTo({ ...target, port: postgresPort });
  for (const [index, port] of kafka.value.behindPorts.entries()) {
    kafkaProxies[index]?.forwardTo({ ...target, port });
  }
  return {
    postgres: postgres.value,
    kafka: kafka.value,
    postgresProxies,
    kafkaProxies,
    stop: stopAll,
  };
}

/** The only broker of a cluster leaves its partitions without a leader when it is killed. */
export function kafkaVersion(brokers: 1 | 3): string {
  return brokers === 1 ? KAFKA_VERSION_FOR_KILLS : KAFKA_VERSION;
}
