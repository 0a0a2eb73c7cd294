import type { Lsn } from "./lsn.ts";
import { parseLsn } from "./lsn.ts";

interface Ancestor {
  readonly timeline: number;
  /** Where it ended: what begins here or later belongs to a later timeline. */
  readonly end: Lsn;
}

/** A server's timeline and those that it descends from. */
export class TimelineHistory {
  readonly #current: number;
  readonly #ancestors: readonly Ancestor[];

  /**
   * `history`: text of the current timeline's history file, one line per ancestor: "timeline, switch LSN, reason",
   * separated by tabs. Null on timeline 1, and where the server cannot show it: then all records count as of the current
   * one, as Postgres itself does without the file.
   */
  constructor(current: number, history: string | null) {
    this.#current = current;
    this.#ancestors = (history ?? "").split("\n").flatMap(readLine);
  }

  /** False when the server descends from other timelines and does not tell which. */
  get isKnown(): boolean {
    return this.#current === 1 || this.#ancestors.length > 0;
  }

  /** Where `timeline` ended; null when it is no ancestor. */
  endOf(timeline: number): Lsn | null {
    return this.#ancestors.find((ancestor) => ancestor.timeline === timeline)?.end ?? null;
  }

  /** The timeline on which the record that starts at `lsn` was written, no matter which server sends it now. */
  at(lsn: Lsn): number {
    for (const { timeline, end } of this.#ancestors) if (lsn < end) return timeline;
    return this.#current;
  }
}

function readLine(line: string): Ancestor[] {
  const [id = "", switchLsn] = line.trim().split(/\s+/);
  return /^\d+$/.test(id) && switchLsn !== undefined
    ? [{ timeline: Number(id), end: parseLsn(switchLsn) }]
    : [];
}
