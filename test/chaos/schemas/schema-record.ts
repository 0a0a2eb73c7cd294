import { readResults, updateResults } from "../../support/proof-results.ts";
import type { SchemasOptions } from "./options.ts";
import type { Totals } from "./totals.ts";

type Counts = Readonly<Record<string, number>>;

/** What docs/proof-results.json keeps of a campaign, for docs/proof.md. */
export interface SchemaRecord {
  /** Day of the campaign, as in 2026-01-31. */
  readonly date: string;
  readonly seed: number;
  readonly minutes: number;
  /** Majors. */
  readonly postgres: readonly number[];
  readonly worlds: number;
  readonly failed: number;
  /** Worlds that did not come to a verdict. */
  readonly broken: number;
  readonly rows: number;
  readonly records: number;
  /** Repairs, acceptances and first snapshots. */
  readonly decisions: number;
  /** Steps that were carried out, by kind. */
  readonly steps: Counts;
  /** Times that a relay went into state failed, by code. */
  readonly halts: Counts;
  /** Worlds that failed, by kind of failure. */
  readonly failures: Counts;
}

export function schemaRecord(
  { seed, minutes, majors }: Pick<SchemasOptions, "seed" | "minutes" | "majors">,
  totals: Totals,
  date: string,
): SchemaRecord {
  return {
    date,
    seed,
    minutes,
    postgres: majors,
    worlds: totals.worlds,
    failed: totals.failed,
    broken: totals.broken.length,
    rows: totals.rows,
    records: totals.records,
    decisions: totals.decisions,
    steps: sorted(totals.done),
    halts: sorted(totals.halts),
    failures: sorted(totals.failures),
  };
}

function sorted(counts: ReadonlyMap<string, number>): Counts {
  return Object.fromEntries([...counts].toSorted(([, a], [, b]) => b - a));
}

/** A campaign with the same seed and settings takes the place of the former one. */
export function mergeSchemaRecord(
  records: readonly SchemaRecord[],
  added: SchemaRecord,
): readonly SchemaRecord[] {
  const identity = ({ seed, minutes, postgres }: SchemaRecord): string =>
    [seed, minutes, ...postgres].join("/");
  const others = records.filter((record) => identity(record) !== identity(added));
  return [...others, added].toSorted((a, b) => (a.date < b.date ? -1 : a.date > b.date ? 1 : 0));
}

/** Keeps the campaign among the figures of docs/proof.md. */
export async function keepSchemaRecord(added: SchemaRecord): Promise<void> {
  const { schemas = [] } = (await readResults()) as { readonly schemas?: readonly SchemaRecord[] };
  await updateResults("schemas", mergeSchemaRecord(schemas, added));
}
