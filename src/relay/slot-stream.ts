import { AlreadyPublished } from "./backfill/already-published.ts";
import { BackfilledStream } from "./backfill/backfilled-stream.ts";
import type { ReplicationStream, StreamHandlers } from "./capture/replication-stream.ts";
import { TopicTemplate } from "./event/topic-template.ts";
import type { RelayOptions } from "./options.ts";
import type { RelayPorts } from "./ports.ts";
import type { Watermark } from "./watermark.ts";

/** Null: nothing but what the slot holds. Else rows that `watermark` does not show come first; all of them where there is none. */
export type BackfillSince = { readonly watermark: Watermark | null } | null;

export interface OpenedStream {
  readonly stream: ReplicationStream;
  /** Null for a stream of the slot alone; `stream` otherwise. */
  readonly backfill: BackfilledStream | null;
}

/** Takes the slot; for a backfill in front of it the slot is made again first. */
export async function openSlotStream(
  ports: RelayPorts,
  options: RelayOptions,
  since: BackfillSince,
  handlers: StreamHandlers,
  signal: AbortSignal,
): Promise<OpenedStream> {
  if (since === null) return { stream: await ports.source.open(handlers, signal), backfill: null };
  await ports.database.dropSlot(signal);
  const topics = new TopicTemplate(options.outbox.topicTemplate);
  const backfill = await BackfilledStream.open(
    {
      source: ports.source,
      since: since.watermark,
      alreadyPublished: (rows) =>
        new AlreadyPublished(ports.published, topics, since.watermark, rows.candidates),
      progressed: (progress) => ports.observer.backfilled(progress),
    },
    handlers,
    signal,
  );
  return { stream: backfill, backfill };
}
