import type { ModelTopic } from "../../support/brokers/model-cluster.ts";
import type { SimClock } from "../engine/sim-clock.ts";
import type { ConsumerKind } from "./consumer.ts";
import { ModelConsumer } from "./consumer.ts";
import type { Oracle } from "./oracle.ts";

/** Shows the oracle what is written to each topic, and what a consumer of each partition sees. */
export class Consumers {
  readonly #oracle: Oracle;
  readonly #newConsumer: (log: ModelTopic["logs"][number]) => ModelConsumer;
  readonly #checkpointTopic: string;
  readonly #consumers: ModelConsumer[] = [];

  constructor(oracle: Oracle, kind: ConsumerKind, clock: SimClock, checkpointTopic: string) {
    this.#oracle = oracle;
    this.#newConsumer = (log) => new ModelConsumer(log, kind, clock);
    this.#checkpointTopic = checkpointTopic;
  }

  add({ name, logs }: ModelTopic): void {
    for (const log of logs) log.appended = (entry) => this.#oracle.appended(entry);
    if (name !== this.#checkpointTopic) this.#consumers.push(...logs.map(this.#newConsumer));
  }

  consume(): void {
    for (const consumer of this.#consumers) this.#oracle.consume(consumer);
  }
}
