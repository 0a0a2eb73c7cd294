import type { LoadedConfig } from "../../config/load.ts";
import type { Config } from "../../config/schema.ts";
import { KafkaDoctor } from "../../kafka/doctor/kafka-doctor.ts";
import { KafkajsChannel } from "../../kafka/kafkajs-channel.ts";
import { kafkajsPorts } from "../../kafka/kafkajs-ports.ts";
import { systemClock } from "../../ops/system-clock.ts";
import type { DatabaseExamination } from "../../postgres/doctor/pg-doctor.ts";
import { streamCheck } from "../../postgres/doctor/stream-check.ts";
import type { Check } from "../../relay/check.ts";
import { asked, unasked } from "../../relay/check.ts";
import { TopicTemplate } from "../../relay/event/topic-template.ts";
import { findingOf } from "../../relay/finding.ts";
import { silentObserver } from "../../relay/observer.ts";
import { situation } from "../../relay/operate/situation.ts";
import type { Verdict } from "../../relay/settle/continuity.ts";
import { kafkaConnection, kafkaOptions, relayOptions, sourceOptions } from "../adapters.ts";
import { relayPorts } from "../relay-ports.ts";
import { hostChecks } from "./host-checks.ts";
import type { Section } from "./report.ts";

const CONTINUITY = "continuity";
const WHY_CONTINUITY =
  "checkpoint, slot and server must fit together, or rows are missing or come twice";

const VERDICTS: Readonly<Record<Exclude<Verdict["kind"], "halt">, string>> = {
  "first-start": "nothing was published yet; the first start begins",
  "create-slot": "a first start was cut short, and goes on",
  "start-at-slot": "a first start was cut short, and goes on",
  backfill: "a repair was cut short, and goes on",
  "go-on": "checkpoint, slot, server and publication fit together",
  phantoms: "after a failover; goes on from where the timelines part",
};

/** All checks of `outbox-relay doctor`, of both sides and of what is between them. Used once. */
export class Examination {
  readonly #loaded: LoadedConfig;
  readonly #ports: ReturnType<typeof relayPorts>;

  constructor(loaded: LoadedConfig) {
    this.#loaded = loaded;
    this.#ports = relayPorts(loaded.config, silentObserver());
  }

  async run(signal: AbortSignal): Promise<readonly Section[]> {
    const { config, warnings } = this.#loaded;
    try {
      const host = await hostChecks(config, warnings);
      const database = await this.#database(config, signal);
      const stream = await streamCheck(sourceOptions(config), database.systemId);
      const kafka = await this.#kafka(config, database, signal);
      const continuity =
        database.systemId === null || kafka.hasCheckpoint === null
          ? unasked(CONTINUITY, WHY_CONTINUITY)
          : await this.#continuity(config, kafka.hasCheckpoint, signal);
      return [
        { title: "Settings and host", checks: host },
        { title: "Postgres", checks: [...database.checks, stream] },
        { title: "Kafka", checks: kafka.checks },
        { title: "Both", checks: [continuity] },
      ];
    } finally {
      await this.#ports.sink.close();
      await this.#ports.database.close();
    }
  }

  #database(config: Config, signal: AbortSignal): Promise<DatabaseExamination> {
    const expected = {
      mayCreateSlot: config.slot.create === "if-missing",
      heldWarnAfterSeconds: config.wal.heldWarnAfterMs / 1000,
      nowMs: () => systemClock.wallMs(),
    };
    return this.#ports.database.examine(expected, signal);
  }

  async #kafka(
    config: Config,
    { samples }: DatabaseExamination,
    signal: AbortSignal,
  ): Promise<{ checks: readonly Check[]; hasCheckpoint: boolean | null }> {
    const connection = kafkaConnection(config);
    const only = (address: string): KafkajsChannel =>
      new KafkajsChannel({ ...connection, brokers: [address] });
    const doctor = new KafkaDoctor(
      kafkaOptions(config),
      kafkajsPorts(connection),
      only,
      systemClock,
    );
    const template = new TopicTemplate(config.topic.template);
    const routes = new Set(samples.flatMap((sample) => sample.routes));
    try {
      const checks = await doctor.examine(
        {
          bootstrap: config.kafka.brokers,
          tls: connection.tls ?? null,
          topics: [...new Set([...routes].map((route) => template.topic(route)))],
          payloadBytesMax: Math.max(0, ...samples.map((sample) => sample.payloadBytesMax)),
        },
        signal,
      );
      return { checks, hasCheckpoint: doctor.hasCheckpointTopic };
    } finally {
      doctor.close();
    }
  }

  #continuity(config: Config, hasCheckpoint: boolean, signal: AbortSignal): Promise<Check> {
    return asked(CONTINUITY, WHY_CONTINUITY, async () => {
      const stored = hasCheckpoint ? await this.#ports.sink.peek(signal) : null;
      const { verdict } = await situation(this.#ports, relayOptions(config), stored, signal);
      if (verdict.kind !== "halt") return { seen: VERDICTS[verdict.kind], findings: [] };
      return { seen: "they do not fit together", findings: [findingOf(verdict.fault)] };
    });
  }
}
