import type { ProducerIdentity } from "./api/init-producer-id.ts";
import { Sequences } from "./sequences.ts";

/** One transactional id that is ours since `InitProducerId`: who we are under it, and where its coordinator is. */
export class TransactionalId {
  readonly name: string;
  /** Broker id. */
  readonly coordinator: number;
  readonly sequences = new Sequences();
  /** Monotonic ms; null while no transaction is open. */
  openedAtMs: number | null = null;
  #identity: ProducerIdentity;

  constructor(name: string, coordinator: number, identity: ProducerIdentity) {
    this.name = name;
    this.coordinator = coordinator;
    this.#identity = identity;
  }

  get identity(): ProducerIdentity {
    return this.#identity;
  }

  /** Takes producer id AND epoch from the answer to EndTxn: near the last epoch the broker gives a new id (KIP-890). */
  renew({ producerId, epoch }: ProducerIdentity): void {
    this.#identity = { producerId, epoch };
    this.sequences.reset();
  }

  ageMs(nowMs: number): number {
    return this.openedAtMs === null ? 0 : nowMs - this.openedAtMs;
  }
}
