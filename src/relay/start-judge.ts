import type { BackfilledStream } from "./backfill/backfilled-stream.ts";
import type { PublishedEvent } from "./backfill/published-events.ts";
import type { ServerIdentity } from "./capture/replication-stream.ts";
import type { SlotFacts, Vantage } from "./capture/source-database.ts";
import type { CheckpointStamp } from "./checkpoint-stamp.ts";
import type { ContinuityWatch } from "./continuity-watch.ts";
import { topicPattern } from "./event/topic-template.ts";
import type { HaltRecord } from "./halt-record.ts";
import { maxLsn } from "./lsn.ts";
import { observedFacts } from "./observed-facts.ts";
import type { RelayOptions } from "./options.ts";
import type { RelayPorts } from "./ports.ts";
import { formatPosition } from "./position.ts";
import type { Progress } from "./progress.ts";
import type { Checkpoint } from "./settle/checkpoint.ts";
import { decodeStored } from "./settle/checkpoint.ts";
import type { Lineage, Verdict } from "./settle/continuity.ts";
import { judge } from "./settle/continuity.ts";
import type { OpenedStream } from "./slot-stream.ts";
import type { StartPoint } from "./start-position.ts";
import { startPoint } from "./start-position.ts";
import { TimelineHistory } from "./timeline-history.ts";
import type { Watermark } from "./watermark.ts";

/** Ids that one note about phantoms names; the log has all of them. */
const NOTED_PHANTOMS_MAX = 1_000;

type Phantoms = Extract<Verdict, { readonly kind: "phantoms" }>;

/** Proves, with the slot and the transactional ids in hand, that the stream may go on, and where. */
export class StartJudge {
  readonly #ports: RelayPorts;
  readonly #options: RelayOptions;
  readonly #continuity: ContinuityWatch;
  readonly #stamp: CheckpointStamp;
  readonly #halts: HaltRecord;
  #waitsForSink = false;

  constructor(
    ports: RelayPorts,
    options: RelayOptions,
    continuity: ContinuityWatch,
    stamp: CheckpointStamp,
    halts: HaltRecord,
  ) {
    this.#ports = ports;
    this.#options = options;
    this.#continuity = continuity;
    this.#stamp = stamp;
    this.#halts = halts;
  }

  /** Whether the start goes on as soon as the sink answers. */
  get waitsForSink(): boolean {
    return this.#waitsForSink;
  }

  /** Opens the sink and answers where to go on. Rejects with RelayError, remedy `halt`, when checkpoint, slot, server and publication do not fit. */
  async start(opened: OpenedStream, slot: SlotFacts, signal: AbortSignal): Promise<StartPoint> {
    const { sink, database } = this.#ports;
    await this.#assertAtHome(opened, slot, signal);
    const checkpoint = await this.#atSink(async () =>
      this.#halts.completed(decodeStored(await sink.open(signal))),
    );
    this.#stamp.decidedBy(checkpoint?.decision ?? null);
    const seen = await database.vantage(signal);
    const verdict = this.#judge(opened, checkpoint, slot, seen);
    if (verdict.kind === "halt" && checkpoint !== null) {
      this.#halts.hold(verdict.lasting, checkpoint.decision);
      await this.#atSink(() => this.#halts.completed(checkpoint));
    }
    const point = startPoint(verdict, slot, opened.backfill);
    await this.#stamp.relations.load(opened.stream.identity.systemId, checkpoint?.tables ?? null);
    const witness = await database.countUp(signal);
    if (checkpoint?.catalog != null) this.#continuity.tellOwners(checkpoint.catalog, seen.catalog);
    // A backfill that begins again looks at the same rows.
    const reached =
      opened.backfill === null ? reachedBy(checkpoint, opened) : opened.backfill.since;
    this.#continuity.start(seen, reached, witness, checkpoint?.tree ?? null);
    if (opened.backfill !== null)
      return this.#beginBackfill(opened, opened.backfill, point, signal);
    return verdict.kind === "phantoms" ? this.#tellPhantoms(verdict, point, signal) : point;
  }

  /** Writes down with which snapshot the slot was made: whoever begins again keeps it, so that nothing is lost from now on. */
  async #beginBackfill(
    { stream }: OpenedStream,
    { watermark, kept }: BackfilledStream,
    point: StartPoint,
    signal: AbortSignal,
  ): Promise<StartPoint> {
    this.#continuity.backfilled(watermark);
    const index =
      kept === null ? 0 : await this.#highestIndex(stream.identity, point.progress, signal);
    const progress = { ...point.progress, index };
    const checkpoint = this.#stamp.encode(progress);
    await this.#atSink(() => this.#ports.sink.publish({ records: [], checkpoint }));
    return { progress, isStored: true };
  }

  /** Of the rows from before the slot that an earlier attempt published: in at-least-once delivery more than its checkpoint says. */
  async #highestIndex(
    { timeline: current, timelineHistory }: ServerIdentity,
    { commitLsn, index }: Progress,
    signal: AbortSignal,
  ): Promise<number> {
    const timeline = new TimelineHistory(current, timelineHistory).at(commitLsn);
    const from = formatPosition({ timeline, commitLsn, index });
    const ofBackfill = from.substring(0, from.lastIndexOf("/"));
    let highest = from;
    const found = ({ position }: PublishedEvent): void => {
      if (position === null || !position.startsWith(ofBackfill)) return;
      if (position > highest) highest = position;
    };
    const pattern = topicPattern(this.#options.outbox.topicTemplate);
    await this.#atSink(() => this.#ports.published.after(pattern, from, found, signal));
    return Number.parseInt(highest.substring(ofBackfill.length + 1), 16);
  }

  /** A relay of another server, or of a copy of it, may be at work under these names: it is not fenced. */
  async #assertAtHome(opened: OpenedStream, slot: SlotFacts, signal: AbortSignal): Promise<void> {
    const { sink, database } = this.#ports;
    const peeked = decodeStored(await this.#atSink(() => sink.peek(signal)));
    const seen = await database.vantage(signal);
    this.#halts.home.assert(this.#judge(opened, peeked, slot, seen), peeked, seen);
  }

  #judge(
    { stream }: OpenedStream,
    checkpoint: Checkpoint | null,
    slot: SlotFacts,
    seen: Vantage,
  ): Verdict {
    const lineage = lineageOf(stream.identity, seen);
    return judge({ ...observedFacts(this.#options, seen), checkpoint, slot, lineage });
  }

  /** Reports what Kafka has and the server has not, and writes the position at which both agree. */
  async #tellPhantoms(
    { checkpoint, switchLsn }: Phantoms,
    point: StartPoint,
    signal: AbortSignal,
  ): Promise<StartPoint> {
    const { published, observer, sink } = this.#ports;
    const { timeline, commitLsn, index } = checkpoint;
    const from = formatPosition({ timeline, commitLsn: switchLsn, index: 0 });
    const to = formatPosition({ timeline, commitLsn, index });
    const ids: string[] = [];
    let count = 0;
    const phantom = (event: PublishedEvent): void => {
      if (event.position === null || event.position > to) return;
      count += 1;
      if (ids.length < NOTED_PHANTOMS_MAX) ids.push(event.id);
      observer.phantom(event);
    };
    await published.after(topicPattern(this.#options.outbox.topicTemplate), from, phantom, signal);
    const note = { after: from, until: to, count, ids };
    const batch = {
      records: [],
      checkpoint: this.#stamp.encode(point.progress),
      notes: new Map([[`phantoms:${from}`, new TextEncoder().encode(JSON.stringify(note))]]),
    };
    await this.#atSink(() => sink.publish(batch));
    return { ...point, isStored: true };
  }

  async #atSink<T>(ask: () => Promise<T>): Promise<T> {
    this.#waitsForSink = true;
    try {
      return await ask();
    } finally {
      this.#waitsForSink = false;
    }
  }
}

/**
 * The stream told its WAL end before it had the slot, and a predecessor may have published what was written after that.
 * Nobody has published what was written after the slot was ours, so a look from then on is late enough.
 */
function lineageOf(identity: ServerIdentity, seen: Vantage): Lineage {
  const isSame = seen.systemId === identity.systemId && seen.timeline === identity.timeline;
  const xlogPos = isSame ? maxLsn(identity.xlogPos, seen.watermark.lsn) : identity.xlogPos;
  return { ...identity, xlogPos };
}

/** The checkpoint's watermark, unless what it shows was lost with the end of another timeline. */
function reachedBy(checkpoint: Checkpoint | null, { stream }: OpenedStream): Watermark | null {
  const watermark = checkpoint?.watermark ?? null;
  if (checkpoint === null || watermark === null) return null;
  const { timeline, timelineHistory } = stream.identity;
  if (timeline === checkpoint.timeline) return watermark;
  const end = new TimelineHistory(timeline, timelineHistory).endOf(checkpoint.timeline);
  return end !== null && watermark.lsn <= end ? watermark : null;
}
