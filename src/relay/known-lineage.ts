import type { Vantage } from "./capture/source-database.ts";
import type { Checkpoint } from "./settle/checkpoint.ts";
import type { Lineage } from "./settle/continuity.ts";

/** Without a stream a later timeline's history is not known; whether it fits is found out when there is one. */
export function knownLineage({ timeline }: Checkpoint, seen: Vantage): Lineage | null {
  if (seen.timeline > timeline) return null;
  const { systemId, watermark } = seen;
  return { systemId, timeline: seen.timeline, xlogPos: watermark.lsn, timelineHistory: null };
}
