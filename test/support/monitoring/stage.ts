import { ruleFiles } from "../../../scripts/alert-rules.ts";
import type { EmbeddedKafka } from "../../../src/demo/services/embedded-kafka.ts";
import { startKafka } from "../../../src/demo/services/embedded-kafka.ts";
import type { PostgresServer } from "../../../src/demo/services/embedded-postgres.ts";
import { startPostgres } from "../../../src/demo/services/embedded-postgres.ts";
import type { RelayFixture } from "../relay/fixture.ts";
import type { RelayProcess } from "../relay/relay-process.ts";
import { until } from "../until.ts";
import { hurried } from "./hurried-rules.ts";
import type { FiringAlert } from "./prometheus.ts";
import { Prometheus } from "./prometheus.ts";

const FIRE_DEADLINE_MS = 60_000;

type Labels = Readonly<Record<string, string>>;

/** Real servers, real relays, and a real Prometheus that looks at them. */
export class Stage {
  /** Where the relays are that work. */
  readonly shop: PostgresServer;
  /** Whose slot is to be lost. */
  readonly narrow: PostgresServer;
  readonly kafka: EmbeddedKafka;
  readonly prometheus: Prometheus;
  readonly #relays: { readonly job: string; readonly relay: RelayProcess }[] = [];
  /** What has fired so far, as it was said last, by all its labels. */
  readonly #told = new Map<string, FiringAlert>();

  private constructor(
    shop: PostgresServer,
    narrow: PostgresServer,
    kafka: EmbeddedKafka,
    prometheus: Prometheus,
  ) {
    this.shop = shop;
    this.narrow = narrow;
    this.kafka = kafka;
    this.prometheus = prometheus;
  }

  /** `thresholds`: what a test cannot wait for, by the names in the rule files. */
  static async set(thresholds: Readonly<Record<string, number>>): Promise<Stage> {
    const rules = new Map(ruleFiles().map((file) => [file.name, hurried(file, thresholds)]));
    // Checkpoints when the test asks for them, or when its WAL does.
    const narrowSettings = { max_wal_size: "64MB", checkpoint_timeout: "1h" };
    return new Stage(
      ...(await Promise.all([
        startPostgres({ settings: { max_slot_wal_keep_size: "10GB" } }),
        startPostgres({ settings: narrowSettings }),
        startKafka({}),
        Prometheus.start(rules),
      ])),
    );
  }

  /** Starts a relay that is scraped as part of `job`. */
  async relay(
    job: string,
    fixture: RelayFixture,
    settings: Readonly<Record<string, string>> = {},
  ): Promise<RelayProcess> {
    const relay = fixture.start(settings);
    this.#relays.push({ job, relay });
    const targets = this.#relays.map(async (one) => ({
      job: one.job,
      port: await one.relay.port(),
    }));
    await this.prometheus.scrape(await Promise.all(targets));
    return relay;
  }

  /** Waits until the alert fires, or has fired, with these labels where some are given. */
  async fires(alert: string, severity: string, labels: Labels = {}): Promise<FiringAlert> {
    await until(
      async () => (await this.hasFired(alert, severity, labels)) !== null,
      FIRE_DEADLINE_MS,
      () =>
        `${alert} ${severity} ${JSON.stringify(labels)} to fire; so far: ${this.told.map(nameOf).join(", ")}`,
    );
    return (await this.hasFired(alert, severity, labels)) as FiringAlert;
  }

  /** The alert as it was said last; null when it has not fired so far. */
  async hasFired(
    alert: string,
    severity: string,
    labels: Labels = {},
  ): Promise<FiringAlert | null> {
    for (const one of await this.prometheus.firing()) {
      this.#told.set(JSON.stringify(one.labels), one);
    }
    const isMeant = (one: FiringAlert): boolean =>
      nameOf(one) === `${alert} ${severity}` &&
      Object.entries(labels).every(([name, value]) => one.labels[name] === value);
    return this.told.find(isMeant) ?? null;
  }

  get told(): readonly FiringAlert[] {
    return [...this.#told.values()];
  }

  async clear(): Promise<void> {
    this.kafka.thaw(0);
    await Promise.all([this.prometheus.stop(), this.shop.stop(), this.narrow.stop()]);
    await this.kafka.stop();
  }
}

/** Name and severity of an alert. */
export function nameOf({ labels }: FiringAlert): string {
  return `${labels["alertname"]} ${labels["severity"]}`;
}
