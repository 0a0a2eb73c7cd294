import type { PartitionBatch } from "./api/produce.ts";

/**
 * Produce requests under way, in order: how many there may be, and which of them may go out while others are not
 * answered yet. A broker keeps the order of requests on one connection, and sequences tell it of one that is missing.
 *
 * Not so for the first batch that a producer writes to a partition: a broker may refuse it for now (the partition is
 * still being added to the transaction) and take the next one, since it knows of no sequence before that
 * (ProducerAppendInfo.checkSequence of Kafka 4). So a request with such a partition waits until nothing is under way,
 * and a later one waits until that partition has acknowledged it.
 */
export class ProduceWindow {
  readonly #requestsMax: number;
  readonly #begun = new Set<string>();
  readonly #underWay = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | null = null;

  constructor(requestsMax: number) {
    this.#requestsMax = requestsMax;
  }

  /** These partitions take batches from now on, without a first one that is waited for. */
  begin(batches: readonly PartitionBatch[]): void {
    for (const batch of batches) this.#begun.add(nameOf(batch));
  }

  /**
   * Calls `send` once it may; resolves when it was called. `isAlone` tells it whether nothing else is under way and
   * nothing will be before it is answered, so that it may send again what was refused for now.
   * Rejects with what the first request failed with, once none is under way.
   */
  async add(
    batches: readonly PartitionBatch[],
    send: (isAlone: boolean) => Promise<void>,
  ): Promise<void> {
    const isAlone = !batches.every((batch) => this.#begun.has(nameOf(batch)));
    if (isAlone) await this.empty();
    while (this.#underWay.size >= this.#requestsMax) await Promise.race(this.#underWay);
    if (this.#failure !== null) await this.empty();
    const sent = send(isAlone).then(
      () => this.begin(batches),
      (error: unknown) => void (this.#failure ??= { error }),
    );
    this.#underWay.add(sent);
    void sent.then(() => this.#underWay.delete(sent));
    if (isAlone) await this.empty();
  }

  /** Resolves when nothing is under way any more; rejects with the first failure. */
  async empty(): Promise<void> {
    await Promise.all(this.#underWay);
    if (this.#failure !== null) throw this.#failure.error;
  }
}

function nameOf({ topic, partition }: PartitionBatch): string {
  return `${topic}-${partition}`;
}
