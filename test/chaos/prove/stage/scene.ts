import { ProcessGuard } from "../../../../src/demo/services/process-guard.ts";
import { RelayFixture } from "../../../support/relay/fixture.ts";
import type { StoredCheckpoint } from "../check/history.ts";
import { createLedgerSlot } from "../evidence/ledger.ts";
import { LiveConsumer } from "../evidence/live-consumer.ts";
import { storedCheckpoint } from "../evidence/observed.ts";
import { Sampler } from "../evidence/sampler.ts";
import { Load } from "../load/load.ts";
import { ROUTES } from "../plan/transaction-script.ts";
import type { RunOptions } from "../run-options.ts";
import { RelayPool } from "./relay-pool.ts";
import type { RunLog } from "./run-log.ts";
import type { Servers } from "./servers.ts";

/** Soon enough for a short run: at most a few seconds until a silent peer is noticed. */
const RELAY_SETTINGS = {
  RELAY_WAL_SENDER_TIMEOUT: "3s",
  RELAY_DATABASE_CONNECT_TIMEOUT: "3s",
  RELAY_DATABASE_STATEMENT_TIMEOUT: "5s",
  RELAY_KAFKA_CONNECT_TIMEOUT: "3s",
  RELAY_KAFKA_REQUEST_TIMEOUT: "3s",
  RELAY_RETRY_MAX: "1s",
};

export interface SceneParts {
  readonly options: RunOptions;
  readonly servers: Servers;
  readonly log: RunLog;
  readonly isDisturbedSince: (sinceMs: number) => boolean;
}

/** Database, topics, two relays, and those who write, read along and look on. */
export class Scene {
  readonly fixture: RelayFixture;
  readonly ledgerSlot: string;
  readonly pool: RelayPool;
  readonly load: Load;
  readonly sampler: Sampler;
  readonly live = new Map<string, string>();
  readonly checkpoints = new Map<number, StoredCheckpoint>();
  readonly #consumer: LiveConsumer;
  readonly #guard: ProcessGuard;

  private constructor(parts: SceneParts, fixture: RelayFixture) {
    const { options, servers, log, isDisturbedSince } = parts;
    const { slot, checkpointTopic } = fixture.names;
    const url = fixture.database.url;
    const { brokers } = servers.kafka;
    this.fixture = fixture;
    this.ledgerSlot = `${slot}_ledger`;
    this.#guard = new ProcessGuard(`${log.folder}/guarded`);
    const settings = { ...RELAY_SETTINGS, RELAY_DELIVERY: options.delivery };
    this.pool = new RelayPool({
      fixture,
      servers,
      seed: options.seed,
      settings,
      log,
      started: (relay) => relay.guardedBy(this.#guard),
      isDisturbedSince,
    });
    this.load = new Load(url, options.seed);
    const pids = (): number[] => this.pool.relays.map(({ pid }) => pid);
    this.sampler = new Sampler({ url, brokers, slot, checkpointTopic, pids });
    this.#consumer = new LiveConsumer(brokers, [...fixture.topics, checkpointTopic], (record) => {
      const checkpoint = storedCheckpoint(record, slot);
      if (checkpoint !== null) this.checkpoints.set(checkpoint.offset, checkpoint);
      if (record.topic === checkpointTopic) return;
      const place = `${record.topic}/${record.partition}/${record.offset}`;
      this.live.set(place, record.headers["id"] ?? "");
    });
  }

  /** The first relay makes its slot before anything is written: earlier rows are nobody's to publish. */
  static async open(parts: SceneParts): Promise<Scene> {
    const { postgres, kafka } = parts.servers;
    const fixture = await RelayFixture.create("prove", {
      postgresUrl: postgres.url,
      brokers: kafka.brokers,
      routes: ROUTES,
    });
    const scene = new Scene(parts, fixture);
    try {
      await scene.pool.start(0).reaches("streaming", null, 60_000);
      await scene.pool.start(1).reaches("standby");
      await createLedgerSlot(fixture.client, scene.ledgerSlot);
    } catch (error) {
      await scene.close();
      throw error;
    }
    return scene;
  }

  startAll(): void {
    this.#consumer.start();
    this.sampler.start();
    this.load.start();
  }

  async stopReading(): Promise<void> {
    await Promise.all([this.#consumer.stop(), this.sampler.stop()]);
  }

  /** Ends what runs; the servers go away anyway, so nothing is dropped in them. */
  async close(): Promise<void> {
    await this.load.stop();
    await this.stopReading();
    for (const relay of this.pool.relays) await relay.kill();
    await this.fixture.client.end().catch(() => undefined);
    await this.#guard.close();
  }
}
