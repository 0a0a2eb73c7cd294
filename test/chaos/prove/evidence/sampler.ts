import { readFile } from "node:fs/promises";
import pg from "pg";
import { Cluster } from "../../../../src/kafka/cluster.ts";
import { KafkajsChannel } from "../../../../src/kafka/kafkajs-channel.ts";
import { PartitionReader } from "../../../../src/kafka/partition-reader.ts";
import { systemClock } from "../../../../src/ops/system-clock.ts";
import { pause } from "../../../../src/relay/clock.ts";
import type { Lsn } from "../../../../src/relay/lsn.ts";
import { parseLsn } from "../../../../src/relay/lsn.ts";
import type { ConfirmedSample } from "../check/history.ts";

const INTERVAL_MS = 200;

/** A broker that just lost a partition may tell an older end for a moment: what is asked so much later counts. */
const STALE_MS_MAX = 1_000;
const REQUEST_TIMEOUT_MS = 3_000;
const BYTES_PER_KIB = 1_024;

export interface SamplerParts {
  readonly url: string;
  readonly brokers: readonly string[];
  readonly slot: string;
  readonly checkpointTopic: string;
  /** Process ids of the relays that run now. */
  readonly pids: () => readonly number[];
}

/** Looks at the slot, at the checkpoint topic and at the relays' memory about every 200 ms. */
export class Sampler {
  readonly #parts: SamplerParts;
  readonly #channel: KafkajsChannel;
  readonly #checkpoints: PartitionReader;
  readonly #stop = new AbortController();
  #running: Promise<unknown> = Promise.resolve();
  #checkpointEnd = 0;
  /** Confirmed positions whose end of the checkpoint topic is still to be asked for. */
  #pending: { readonly atMs: number; readonly confirmed: Lsn }[] = [];
  readonly samples: ConfirmedSample[] = [];
  rssBytesMax = 0;

  constructor(parts: SamplerParts) {
    this.#parts = parts;
    this.#channel = new KafkajsChannel({
      clientId: "prove-sampler",
      brokers: parts.brokers,
      connectTimeoutMs: REQUEST_TIMEOUT_MS,
      requestTimeoutMs: REQUEST_TIMEOUT_MS,
    });
    const cluster = new Cluster(this.#channel, systemClock, REQUEST_TIMEOUT_MS);
    const place = { topic: parts.checkpointTopic, partition: 0 };
    const patience = { throttledMs: REQUEST_TIMEOUT_MS, unreachableMs: REQUEST_TIMEOUT_MS };
    this.#checkpoints = new PartitionReader(cluster, systemClock, place, patience);
  }

  start(): void {
    this.#running = Promise.all([this.#samplePositions(), this.#sampleMemory()]);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    this.#channel.close();
  }

  async #samplePositions(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const client = new pg.Client({ connectionString: this.#parts.url });
      client.on("error", () => undefined);
      try {
        await client.connect();
        while (!signal.aborted) {
          await this.#sample(client);
          await pause(systemClock, INTERVAL_MS, signal);
        }
      } catch {
        await pause(systemClock, INTERVAL_MS, signal);
      } finally {
        await client.end().catch(() => undefined);
      }
    }
  }

  /**
   * The slot first: what it shows was allowed by a checkpoint that is in the topic when its end is asked for. Not the last
   * stable offset, which kafkajs's admin calls the end: a commit is decided before its markers are written, and they wait
   * for seconds where a follower is frozen. Of checkpoints in the topic only those count that were committed in the end.
   */
  async #sample(client: pg.Client): Promise<void> {
    const { rows } = await client.query<{ lsn: string }>(
      "select confirmed_flush_lsn::text as lsn from pg_replication_slots where slot_name = $1",
      [this.#parts.slot],
    );
    const [row] = rows;
    if (row === undefined) return;
    this.#pending.push({ atMs: systemClock.wallMs(), confirmed: parseLsn(row.lsn) });
    const askedAtMs = systemClock.wallMs();
    const end = await this.#checkpoints.offset("high-watermark", this.#stop.signal);
    // A new leader may not know yet how far its log is committed; what was once there stays.
    this.#checkpointEnd = Math.max(this.#checkpointEnd, Number(end));
    const isDue = ({ atMs }: { readonly atMs: number }): boolean =>
      askedAtMs - atMs >= STALE_MS_MAX;
    for (const sample of this.#pending.filter(isDue)) {
      this.samples.push({ ...sample, checkpointEnd: this.#checkpointEnd });
    }
    this.#pending = this.#pending.filter((sample) => !isDue(sample));
  }

  async #sampleMemory(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      for (const pid of this.#parts.pids()) {
        this.rssBytesMax = Math.max(this.rssBytesMax, await residentBytes(pid));
      }
      await pause(systemClock, INTERVAL_MS, signal);
    }
  }
}

/** 0 for a process that has ended, and where the system has no /proc. */
async function residentBytes(pid: number): Promise<number> {
  try {
    const status = await readFile(`/proc/${pid}/status`, "utf8");
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * BYTES_PER_KIB;
  } catch {
    return 0;
  }
}
