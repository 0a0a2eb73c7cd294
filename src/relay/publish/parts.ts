import type { OutboxRecord } from "../event/outbox-record.ts";

/** Records that follow one another, go to one topic and were committed in the same millisecond. */
export interface Part {
  readonly topic: string;
  /** When they were committed, ms since 1970. */
  readonly timestampMs: number;
  readonly events: number;
  /** What they take on the wire, about. */
  readonly bytes: number;
}

/** What a batch is made of, for those who count: kept while records come, so that nobody walks over thousands of them again. */
export class Parts {
  readonly #all: { topic: string; timestampMs: number; events: number; bytes: number }[] = [];

  get all(): readonly Part[] {
    return this.#all;
  }

  add({ topic, timestampMs, bytes }: OutboxRecord): void {
    const last = this.#all.at(-1);
    if (last !== undefined && last.timestampMs === timestampMs && last.topic === topic) {
      last.events += 1;
      last.bytes += bytes;
    } else this.#all.push({ topic, timestampMs, events: 1, bytes });
  }

  /** Begins again with these. */
  reset(records: readonly OutboxRecord[]): void {
    this.#all.length = 0;
    for (const record of records) this.add(record);
  }
}
