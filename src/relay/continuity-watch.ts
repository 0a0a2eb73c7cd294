import type { Vantage } from "./capture/source-database.ts";
import { pause } from "./clock.ts";
import { RelayError } from "./errors.ts";
import type { Lsn } from "./lsn.ts";
import type { RelayOptions } from "./options.ts";
import type { RelayPorts } from "./ports.ts";
import { foreign, publicationChanged } from "./settle/continuity-faults.ts";
import type { Watermark } from "./watermark.ts";
import { Watermarks } from "./watermark.ts";

/**
 * Looks at publication and tables while the stream runs, because Postgres leaves rows out without a word when they
 * change; and collects the watermarks that make a gap repairable.
 */
export class ContinuityWatch {
  readonly #ports: RelayPorts;
  readonly #lookIntervalMs: number;
  readonly #ended: (fault: RelayError) => void;
  readonly #stop = new AbortController();
  #systemId = "";
  #publication: string | null = null;
  #witness: number | null = null;
  #watermarks = new Watermarks(null);
  #formerWatermark: Watermark | null = null;
  /** A change may have been made before it was seen, so a watermark counts only when the look after it saw none. */
  #unproven: Watermark | null = null;

  /** `ended`: the session cannot go on, for this reason. */
  constructor(ports: RelayPorts, options: RelayOptions, ended: (fault: RelayError) => void) {
    this.#ports = ports;
    this.#lookIntervalMs = options.lookIntervalMs;
    this.#ended = ended;
  }

  /** Fingerprint of publication and tables under which rows come now. */
  get publication(): string | null {
    return this.#publication;
  }

  /** The newest count of the witness row that is known to be committed. */
  get witness(): number | null {
    return this.#witness;
  }

  /** The newest watermark whose transactions all lie below `covered`. */
  watermark(covered: Lsn): Watermark | null {
    return this.#watermarks.at(covered);
  }

  /** The watermark that the stored checkpoint held at the start. */
  get formerWatermark(): Watermark | null {
    return this.#formerWatermark;
  }

  /** A checkpoint that covers `covered` is durable. */
  settled(covered: Lsn): void {
    this.#watermarks.settled(covered);
  }

  /** `seen`: what the session's start was judged by; `reached`: what the stored checkpoint holds and still counts. */
  start(seen: Vantage, reached: Watermark | null, witness: number | null): void {
    this.#systemId = seen.systemId;
    this.#publication = seen.publication;
    this.#watermarks = new Watermarks(reached);
    this.#formerWatermark = reached;
    this.#unproven = seen.watermark;
    this.#witness = witness;
    void this.#run();
  }

  /** Rows were published outside of the stream: from its beginning at `watermark.lsn` on nothing that the watermark shows is missing. */
  backfilled(watermark: Watermark): void {
    this.#watermarks.add(watermark);
  }

  stop(): void {
    this.#stop.abort();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await pause(this.#ports.clock, this.#lookIntervalMs, signal);
      if (!signal.aborted) await this.#look(signal);
    }
  }

  async #look(signal: AbortSignal): Promise<void> {
    try {
      const seen = await this.#ports.database.vantage(signal);
      if (!signal.aborted) this.#compare(seen);
      if (!signal.aborted) this.#witness = await this.#ports.database.countUp(signal);
    } catch (error) {
      if (!(error instanceof RelayError)) throw error;
      // Nothing is known and nothing is promised: no watermark, and the next look comes soon.
      if (!signal.aborted) this.#ports.observer.error("source", error);
    }
  }

  #compare(seen: Vantage): void {
    if (seen.systemId !== this.#systemId)
      return this.#ended(foreign(seen.systemId, this.#systemId));
    if (seen.publication !== this.#publication) return this.#ended(publicationChanged());
    if (this.#unproven !== null) this.#watermarks.add(this.#unproven);
    this.#unproven = seen.watermark;
  }
}
