import { startContainerKafka, startContainerPostgres } from "./containers.ts";
import type { KafkaOptions } from "./embedded-kafka.ts";
import { startKafka } from "./embedded-kafka.ts";
import type { PostgresOptions } from "./embedded-postgres.ts";
import { startPostgres } from "./embedded-postgres.ts";
import { kafkaIsCached, runs } from "./kafka-jars.ts";

/** A Postgres for tests or the demo, wherever it comes from. */
export interface PostgresService {
  /** Of a superuser. */
  readonly url: string;
  stop(): Promise<void>;
}

export interface KafkaService {
  readonly brokers: readonly string[];
  stop(): Promise<void>;
}

export interface Services {
  readonly postgres: PostgresService;
  readonly kafka: KafkaService;
  /** Stops what was started here; services of your own stay as they are. */
  stop(): Promise<void>;
}

export interface StartOptions {
  /** Cuts the start short, and ends what it had started. */
  readonly stop?: AbortSignal;
  /** An embedded Postgres is a copy of one in the cache: it starts sooner, and is no cluster of its own. */
  readonly isCopiedPostgres?: boolean;
}

type Environment = Readonly<Record<string, string | undefined>>;
type Source = "embedded" | "containers";

/**
 * One Postgres and one Kafka: the addresses in `TEST_POSTGRES_URL` and `TEST_KAFKA_BROKERS` if set; else embedded
 * ones; else containers, where Java or Maven is missing and a Docker engine answers. `TEST_SERVICES` forces
 * `embedded` or `containers`. Throws when one cannot be had, with the command that provides it, and leaves none behind.
 */
export async function startServices(
  env: Environment,
  { stop, isCopiedPostgres = false }: StartOptions = {},
): Promise<Services> {
  // Of the start only: later their owner stops them in an order of his own.
  const starting = new AbortController();
  const cutShort = (): void => starting.abort(stop?.reason);
  stop?.addEventListener("abort", cutShort, { once: true });
  const [postgres, kafka] = await Promise.allSettled([
    postgresService(env, { isCopy: isCopiedPostgres, stop: starting.signal }),
    kafkaService(env, { stop: starting.signal }),
  ]);
  stop?.removeEventListener("abort", cutShort);
  if (postgres.status === "fulfilled" && kafka.status === "fulfilled") {
    const both = [postgres.value, kafka.value];
    return {
      postgres: postgres.value,
      kafka: kafka.value,
      stop: async () => void (await Promise.all(both.map((service) => service.stop()))),
    };
  }
  if (postgres.status === "fulfilled") await postgres.value.stop();
  if (kafka.status === "fulfilled") await kafka.value.stop();
  const reasons = [postgres, kafka].flatMap((one) =>
    one.status === "rejected" ? [one.reason as unknown] : [],
  );
  throw new AggregateError(reasons, reasons.map(String).join("\n"));
}

async function postgresService(
  env: Environment,
  options: PostgresOptions,
): Promise<PostgresService> {
  const url = env["TEST_POSTGRES_URL"] ?? "";
  if (url !== "") return { url, stop: () => Promise.resolve() };
  return forcedSource(env) === "containers" ? startContainerPostgres() : startPostgres(options);
}

async function kafkaService(env: Environment, options: KafkaOptions): Promise<KafkaService> {
  const brokers = env["TEST_KAFKA_BROKERS"] ?? "";
  if (brokers !== "") return { brokers: brokers.split(","), stop: () => Promise.resolve() };
  const source = forcedSource(env) ?? (await kafkaSource());
  return source === "containers" ? startContainerKafka() : startKafka(options);
}

function forcedSource(env: Environment): Source | undefined {
  const forced = env["TEST_SERVICES"] ?? "";
  if (forced === "") return undefined;
  if (forced === "embedded" || forced === "containers") return forced;
  throw new Error(`TEST_SERVICES is "${forced}"; expected embedded or containers`);
}

async function kafkaSource(): Promise<Source> {
  const hasJava = await runs("java", "-version");
  if (hasJava && (kafkaIsCached() || (await runs("mvn", "--version")))) return "embedded";
  return (await runs("docker", "info")) ? "containers" : "embedded"; // Which then says what is missing.
}
