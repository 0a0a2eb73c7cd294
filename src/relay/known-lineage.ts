import type { Vantage } from "./capture/source-database.ts";
import type { Checkpoint } from "./settle/checkpoint.ts";
import type { Lineage } from "./settle/continuity.ts";
import type { Watermark } from "./watermark.ts";

/** Without a stream a later timeline's history is not known; whether it fits is found out when there is one. */
export function knownLineage({ timeline }: Checkpoint, seen: Vantage): Lineage | null {
  if (seen.timeline > timeline) return null;
  const { systemId, watermark } = seen;
  return { systemId, timeline: seen.timeline, xlogPos: watermark.lsn, timelineHistory: null };
}

/**
 * From where rows may be missing on this server; null: any may. A watermark of another timeline shows transactions that
 * may be lost, and whose ids others use now. A server whose clock was set back since stamps what it publishes with earlier
 * times, so that the watermark's is not later than its clock is now.
 */
export function knownWatermark(
  { systemId, timeline, watermark }: Checkpoint,
  seen: Vantage,
): Watermark | null {
  if (watermark === null || systemId !== seen.systemId || timeline !== seen.timeline) return null;
  return { ...watermark, atMs: Math.min(watermark.atMs, seen.watermark.atMs) };
}
