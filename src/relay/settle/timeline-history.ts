import type { Lsn } from "../lsn.ts";
import { parseLsn } from "../lsn.ts";

/**
 * Where `timeline` ended, by the text of a later timeline's history file: one line per ancestor,
 * "timeline, switch LSN, reason", separated by tabs. Null when the file does not name it.
 */
export function timelineEnd(history: string, timeline: number): Lsn | null {
  for (const line of history.split("\n")) {
    const [id, switchLsn] = line.trim().split(/\s+/);
    if (Number(id) === timeline && switchLsn !== undefined) return parseLsn(switchLsn);
  }
  return null;
}
