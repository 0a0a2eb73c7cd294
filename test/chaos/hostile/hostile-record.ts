import { readResults, updateResults } from "../../support/proof-results.ts";
import type { HostileOptions } from "./options.ts";
import type { Totals } from "./totals.ts";

type Counts = Readonly<Record<string, number>>;

/** What docs/proof-results.json keeps of a campaign, for docs/proof.md. */
export interface HostileRecord {
  /** Day of the campaign, as in 2026-01-31. */
  readonly date: string;
  readonly seed: number;
  readonly minutes: number;
  readonly worlds: number;
  readonly failed: number;
  /** Worlds that did not come to a verdict. */
  readonly broken: number;
  readonly rows: number;
  readonly records: number;
  /** Times that the proxy was hostile, and requests that met it. */
  readonly episodes: number;
  readonly met: number;
  /** Times by request, by way of hostility, and by what was asked of the relay while it lasted. */
  readonly requests: Counts;
  readonly ways: Counts;
  readonly endings: Counts;
  /** Causes that relays showed while it lasted, by code. */
  readonly causes: Counts;
  /** Worlds that failed, by kind of failure. */
  readonly failures: Counts;
}

export function hostileRecord(
  { seed, minutes }: Pick<HostileOptions, "seed" | "minutes">,
  totals: Totals,
  date: string,
): HostileRecord {
  return {
    date,
    seed,
    minutes,
    worlds: totals.worlds,
    failed: totals.failed,
    broken: totals.broken.length,
    rows: totals.rows,
    records: totals.records,
    episodes: totals.episodes,
    met: totals.met,
    requests: sorted(totals.requests),
    ways: sorted(totals.kinds),
    endings: sorted(totals.endings),
    causes: sorted(totals.causes),
    failures: sorted(totals.failures),
  };
}

function sorted(counts: ReadonlyMap<string, number>): Counts {
  return Object.fromEntries([...counts].toSorted(([, a], [, b]) => b - a));
}

/** A campaign with the same seed and length takes the place of the former one. */
export function mergeHostileRecord(
  records: readonly HostileRecord[],
  added: HostileRecord,
): readonly HostileRecord[] {
  const others = records.filter(
    ({ seed, minutes }) => seed !== added.seed || minutes !== added.minutes,
  );
  return [...others, added].toSorted((a, b) => (a.date < b.date ? -1 : a.date > b.date ? 1 : 0));
}

/** Keeps the campaign among the figures of docs/proof.md. */
export async function keepHostileRecord(added: HostileRecord): Promise<void> {
  const { hostile = [] } = (await readResults()) as {
    readonly hostile?: readonly HostileRecord[];
  };
  await updateResults("hostile", mergeHostileRecord(hostile, added));
}
