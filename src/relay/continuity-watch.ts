import type { Catalog } from "./capture/catalog.ts";
import type { Vantage } from "./capture/source-database.ts";
import { pause } from "./clock.ts";
import { RelayError } from "./errors.ts";
import type { Finding } from "./finding.ts";
import { preflightError } from "./finding.ts";
import type { Lsn } from "./lsn.ts";
import type { RelayOptions } from "./options.ts";
import type { RelayPorts } from "./ports.ts";
import { catalogFaults, ownerChanges } from "./settle/catalog-changes.ts";
import { otherCluster } from "./settle/continuity-faults.ts";
import { newlyOverlooked, schemaNotes, treeFaults, treeWarnings } from "./settle/tree-changes.ts";
import type { TreeMemory } from "./settle/tree-memory.ts";
import { bounded, remembered } from "./settle/tree-memory.ts";
import type { Watermark } from "./watermark.ts";
import { Watermarks } from "./watermark.ts";

/**
 * Looks at publication and tables while the stream runs, those below the outbox tables included, because Postgres leaves
 * rows out without a word when they change; and collects the watermarks that make a gap repairable.
 */
export class ContinuityWatch {
  readonly #ports: RelayPorts;
  readonly #lookIntervalMs: number;
  readonly #ended: (fault: RelayError) => void;
  readonly #stop = new AbortController();
  #seen: Vantage | null = null;
  #tree: TreeMemory | null = null;
  #treeToStore: TreeMemory | null = null;
  #witness: number | null = null;
  /** Warnings of this session, by code and message. */
  readonly #warned = new Set<string>();
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

  /** What was seen of the catalogs last, under which rows come now; null before the start. */
  get seen(): Vantage | null {
    return this.#seen;
  }

  /** What is to be remembered of the tables below and above the outbox tables; null before the start. */
  get tree(): TreeMemory | null {
    return this.#treeToStore;
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

  /**
   * `seen`: what the session's start was judged by; `reached`: what the stored checkpoint holds and still counts; `tree`: what
   * the stored checkpoint remembers.
   */
  start(
    seen: Vantage,
    reached: Watermark | null,
    witness: number | null,
    tree: TreeMemory | null,
  ): void {
    this.#seen = seen;
    this.#tree = tree;
    this.#learn(seen);
    this.#watermarks = new Watermarks(reached);
    this.#formerWatermark = reached;
    this.#unproven = seen.watermark;
    this.#witness = witness;
    // Preflight has just reported them.
    for (const finding of seen.findings) this.#isNew(finding);
    void this.#run();
  }

  /** Rows were published outside of the stream: from its beginning at `watermark.lsn` on nothing that the watermark shows is missing. */
  backfilled(watermark: Watermark): void {
    this.#watermarks.add(watermark);
  }

  /** A change of owner touches what decides, and changes nothing of it. */
  tellOwners(former: Catalog, now: Catalog): void {
    const parts = ownerChanges(former, now);
    if (parts.length === 0) return;
    this.#ports.observer.note(
      `the owner of ${parts.join(", ")} was changed, and nothing that decides which rows come; the relay goes on`,
    );
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
    const former = this.#seen;
    if (former === null) return;
    if (seen.systemId !== former.systemId)
      return this.#ended(otherCluster(seen.systemId, former.systemId));
    const [fault] = [
      ...catalogFaults(former.catalog, seen.catalog, false),
      ...treeFaults(this.#tree, seen.tree, false),
    ];
    if (fault !== undefined) return this.#ended(fault);
    const faults = seen.findings.filter(({ severity }) => severity !== "warning");
    if (faults.length > 0) return this.#ended(preflightError(faults));
    for (const finding of seen.findings) {
      if (this.#isNew(finding)) this.#ports.observer.warning(finding);
    }
    this.tellOwners(former.catalog, seen.catalog);
    const [overlooked] = newlyOverlooked(this.#tree, seen.tree);
    this.#learn(seen);
    if (overlooked !== undefined) return this.#ended(streamOutdated(overlooked.name));
    this.#seen = seen;
    if (this.#unproven !== null) this.#watermarks.add(this.#unproven);
    this.#unproven = seen.watermark;
  }

  /** Tells what does not stop the stream, and remembers the tables as they are now. */
  #learn({ tree }: Vantage): void {
    const { observer } = this.#ports;
    for (const finding of treeWarnings(this.#tree, tree)) observer.warning(finding);
    for (const note of schemaNotes(this.#tree, tree)) observer.note(note);
    this.#tree = remembered(this.#tree, tree);
    this.#treeToStore = bounded(this.#tree, tree);
  }

  /** True the first time that a finding is seen. */
  #isNew({ code, message }: Finding): boolean {
    const key = `${code} ${message}`;
    const isNew = !this.#warned.has(key);
    this.#warned.add(key);
    return isNew;
  }
}

function streamOutdated(table: string): RelayError {
  return new RelayError(
    `${table} became a part of an outbox table: the stream begins again, because this version of Postgres could leave its rows out of the one at hand`,
    {
      code: "PARTITION_ATTACHED",
      remedy: "retry",
      hint: "Nothing to do: the relay goes on by itself.",
    },
  );
}
