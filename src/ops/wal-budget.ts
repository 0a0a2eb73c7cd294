/** One look at the slot. */
export interface WalSample {
  /** On a clock that only grows. */
  readonly atMs: number;
  readonly retainedBytes: number;
}

/** Older samples are forgotten. */
const WINDOW_MS = 5 * 60_000;
/** Below it a rate would be chance: what a slot retains falls only every 15 to 30 s, and grows in between. */
const SPAN_MS_MIN = 60_000;

/**
 * How fast the WAL that a slot retains grows. It is a saw-tooth, also where all is well, because Postgres lets WAL go in
 * steps; what counts is whether its low points rise: the lowest one of the window's earlier half against that of the later half.
 */
export class WalGrowth {
  #samples: WalSample[] = [];

  add(sample: WalSample): void {
    const oldestMs = sample.atMs - WINDOW_MS;
    this.#samples = [...this.#samples.filter(({ atMs }) => atMs >= oldestMs), sample];
  }

  /** What was seen says nothing about what comes: the slot is gone, or another one. */
  clear(): void {
    this.#samples = [];
  }

  /** Negative while the slot lets go of more than is written; null until there is enough to tell. */
  get bytesPerSecond(): number | null {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    if (first === undefined || last === undefined) return null;
    const spanMs = last.atMs - first.atMs;
    if (spanMs < SPAN_MS_MIN) return null;
    const middleMs = first.atMs + spanMs / 2;
    const earlier = lowest(this.#samples.filter(({ atMs }) => atMs < middleMs));
    const later = lowest(this.#samples.filter(({ atMs }) => atMs >= middleMs));
    // Two low points beside each other, left and right of the middle, must not make much of a small difference.
    const apartMs = Math.max(later.atMs - earlier.atMs, spanMs / 2);
    return (later.retainedBytes - earlier.retainedBytes) / (apartMs / 1_000);
  }
}

function lowest(samples: readonly WalSample[]): WalSample {
  return samples.reduce((least, next) => (next.retainedBytes < least.retainedBytes ? next : least));
}

/** What ends first when nothing changes: the slot (`max_slot_wal_keep_size`) or the space that the operator named. */
export type WalLimit = "slot" | "disk";

export interface WalRoom {
  readonly limit: WalLimit;
  /** That may still be written. */
  readonly bytes: number;
}

/** Null where nobody knows a limit. `walBudgetBytes` 0 means that the operator named none. */
export function walRoom(
  slot: { readonly retainedBytes: number | null; readonly safeWalBytes: number | null },
  walBudgetBytes: number,
): WalRoom | null {
  const rooms: WalRoom[] = [];
  if (slot.safeWalBytes !== null) rooms.push({ limit: "slot", bytes: slot.safeWalBytes });
  if (walBudgetBytes > 0 && slot.retainedBytes !== null) {
    rooms.push({ limit: "disk", bytes: walBudgetBytes - slot.retainedBytes });
  }
  return rooms.toSorted((a, b) => a.bytes - b.bytes)[0] ?? null;
}

/** Seconds until the room is used up at this rate; null when it is not, or when that cannot be told. */
export function exhaustionSeconds(
  room: WalRoom | null,
  growthBytesPerSecond: number | null,
): number | null {
  if (room === null) return null;
  if (room.bytes <= 0) return 0;
  if (growthBytesPerSecond === null || growthBytesPerSecond <= 0) return null;
  return room.bytes / growthBytesPerSecond;
}
