import { AlreadyPublished } from "./backfill/already-published.ts";
import type { OpenedBackfill } from "./backfill/backfilled-stream.ts";
import { BackfilledStream } from "./backfill/backfilled-stream.ts";
import type { ReplicationStream, StreamHandlers } from "./capture/replication-stream.ts";
import { TopicTemplate } from "./event/topic-template.ts";
import { openKept } from "./kept-stream.ts";
import type { RelayOptions } from "./options.ts";
import type { RelayPorts } from "./ports.ts";
import type { KeptSlot } from "./settle/kept-slot.ts";
import type { Watermark } from "./watermark.ts";

/**
 * Null: nothing but what the slot holds. Else rows that `watermark` does not show come first; all of them where there is
 * none. `kept`: with the slot that an earlier attempt made; null: the slot is made again.
 */
export type BackfillSince = {
  readonly watermark: Watermark | null;
  readonly kept: KeptSlot | null;
} | null;

export interface OpenedStream {
  readonly stream: ReplicationStream;
  /** Null for a stream of the slot alone; `stream` otherwise. */
  readonly backfill: BackfilledStream | null;
}

/** Takes the slot; for a backfill in front of it the slot is made first, unless an earlier attempt made it. */
export async function openSlotStream(
  ports: RelayPorts,
  options: RelayOptions,
  since: BackfillSince,
  handlers: StreamHandlers,
  signal: AbortSignal,
): Promise<OpenedStream> {
  if (since === null) return { stream: await ports.source.open(handlers, signal), backfill: null };
  const { watermark, kept } = since;
  const topics = new TopicTemplate(options.outbox.topicTemplate);
  const backfill = await BackfilledStream.open(
    {
      since: watermark,
      kept,
      opens: (gate) =>
        kept === null
          ? openMade(ports, watermark, gate, signal)
          : openKept(ports, options, { since: watermark, made: kept.snapshot }, gate, signal),
      alreadyPublished: ({ rows, broughtBySlot }) =>
        new AlreadyPublished(ports.published, topics, watermark, rows.candidates, broughtBySlot),
      progressed: (progress) => ports.observer.backfilled(progress),
    },
    handlers,
  );
  return { stream: backfill, backfill };
}

/** With a new slot, which brings none of the rows. */
async function openMade(
  { database, source }: RelayPorts,
  since: Watermark | null,
  handlers: StreamHandlers,
  signal: AbortSignal,
): Promise<OpenedBackfill> {
  await database.dropSlot(signal);
  const opened = await source.openBackfill(since, handlers, signal);
  return { ...opened, broughtBySlot: new Set() };
}
