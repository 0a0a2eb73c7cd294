import { textOf } from "../../../src/relay/event/ascii.ts";
import type { Observer } from "../../../src/relay/observer.ts";
import { silentObserver } from "../../../src/relay/observer.ts";
import { Operations } from "../../../src/relay/operate/operations.ts";
import type { RelayOptions } from "../../../src/relay/options.ts";
import type { Checkpoint } from "../../../src/relay/settle/checkpoint.ts";
import { decodeCheckpoint } from "../../../src/relay/settle/checkpoint.ts";
import { ModelCluster, ModelSink } from "./model-kafka.ts";
import type { ModelRow } from "./model-postgres.ts";
import { ModelPostgres } from "./model-postgres.ts";
import { MODEL_OPTIONS, ModelRelay, modelPorts } from "./model-relay.ts";
import { VirtualClock } from "./virtual-clock.ts";

/** What a relay has in front of it; what is left out is the world's own, and a new sink. */
interface Surroundings {
  readonly postgres?: ModelPostgres;
  readonly sink?: ModelSink;
  readonly told?: Partial<Observer>;
}

/** One Postgres and one Kafka under virtual time, relays and operators in front of them, and what Kafka has received. */
export class ModelWorld {
  readonly clock = new VirtualClock();
  readonly postgres = new ModelPostgres();
  readonly cluster = new ModelCluster();

  /** A producer of its own for the one Kafka. */
  sink(): ModelSink {
    return new ModelSink(this.cluster, this.clock);
  }

  /** A relay that runs from now on. */
  start(options: Partial<RelayOptions> = {}, surroundings: Surroundings = {}): ModelRelay {
    const { postgres = this.postgres, sink = this.sink(), told } = surroundings;
    return new ModelRelay(postgres, sink, this.clock, options, undefined, told);
  }

  /** What the commands of an operator do, for the world's Postgres or another one. */
  operations(postgres = this.postgres): Operations {
    const ports = modelPorts(postgres, this.sink(), this.clock, silentObserver());
    return new Operations(ports, MODEL_OPTIONS);
  }

  /** Awaits `work` while virtual time goes on for `ms`. */
  async during<T>(work: Promise<T>, ms = 20_000): Promise<T> {
    const settled = work.then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    );
    await this.clock.advance(ms);
    const outcome = await settled;
    if ("error" in outcome) throw outcome.error;
    return outcome.value;
  }

  /** Of the published rows, in their order. */
  ids(): string[] {
    return this.#header(0);
  }

  /** Of the published rows, in their order. */
  positions(): string[] {
    return this.#header(2);
  }

  /** The latest checkpoint. */
  stored(): Checkpoint {
    return decodeCheckpoint(this.cluster.checkpoints.at(-1) as Uint8Array);
  }

  #header(index: number): string[] {
    return this.cluster.records.map(({ headers }) => textOf(headers[index]?.value as Uint8Array));
  }
}

/** A row of the key that all of these share, so that their order counts. */
export function row(id: string): ModelRow {
  return { id, key: "k" };
}
