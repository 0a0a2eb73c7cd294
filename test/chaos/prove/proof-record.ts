import { readResults, updateResults } from "../../support/proof-results.ts";
import type { Spread } from "./check/check-bounds.ts";
import { clearSpread, spreadOf } from "./check/check-bounds.ts";
import type { FaultName } from "./plan/fault.ts";
import { FAULT_NAMES } from "./plan/fault-cards.ts";
import type { RunResult } from "./run.ts";

/** What docs/proof-results.json keeps of a run, for docs/proof.md. */
export interface ProofRecord {
  /** Day of the run, as in 2026-01-31. */
  readonly date: string;
  readonly seed: number;
  readonly minutes: number;
  readonly postgres: string;
  readonly kafka: string;
  readonly brokers: number;
  readonly delivery: string;
  readonly counts: {
    readonly kills: number;
    readonly freezes: number;
    readonly cutsPostgres: number;
    readonly cutsKafka: number;
    readonly brokerKills: number;
    readonly brokerRestarts: number;
    readonly postgresRestarts: number;
    readonly transactions: number;
    readonly rowsCommitted: number;
    readonly recordsRead: number;
    readonly checkpoints: number;
    readonly samples: number;
  };
  /** How often each fault was carried out. */
  readonly faults: Readonly<Record<string, number>>;
  readonly letters: readonly {
    readonly letter: string;
    readonly claim: string;
    readonly checked: number;
    readonly violations: number;
    readonly note: string | null;
  }[];
  /** From a kill of the leader to a successor that streams, ms. */
  readonly recoveryMs: {
    readonly all: Spread;
    /** Of kills during which nothing else was broken. */
    readonly alone: Spread;
  };
}

export function proofRecord(result: RunResult, date: string): ProofRecord {
  const { options, counts, history, verdicts, versions } = result;
  const of = (...names: FaultName[]): number =>
    names.reduce((sum, name) => sum + (counts.faults.get(name) ?? 0), 0);
  return {
    date,
    seed: options.seed,
    minutes: options.minutes,
    ...versions,
    brokers: options.brokers,
    delivery: options.delivery,
    counts: {
      kills: counts.kills,
      freezes: counts.freezes,
      cutsPostgres: of("cut-postgres") + counts.cutsAfter.postgres,
      cutsKafka: of("cut-kafka") + counts.cutsAfter.kafka,
      brokerKills: of("kill-broker"),
      brokerRestarts: of("restart-broker"),
      postgresRestarts: of("restart-postgres", "crash-postgres"),
      transactions: counts.transactions,
      rowsCommitted: history.ledger.length,
      recordsRead: history.records.length,
      checkpoints: history.checkpoints.length,
      samples: history.samples.length,
    },
    faults: Object.fromEntries(FAULT_NAMES.map((name) => [name, of(name)])),
    letters: verdicts.map(({ letter, claim, checked, violations, note }) => {
      return { letter, claim, checked, violations, note };
    }),
    recoveryMs: {
      all: spreadOf(history.recoveries.map(({ ms }) => ms)),
      alone: clearSpread(history.recoveries),
    },
  };
}

/** A run with the same seed and settings takes the place of the former one. */
export function mergeRecord(
  records: readonly ProofRecord[],
  added: ProofRecord,
): readonly ProofRecord[] {
  const identity = (record: ProofRecord): string =>
    [record.seed, record.minutes, record.postgres, record.brokers, record.delivery].join("/");
  const others = records.filter((record) => identity(record) !== identity(added));
  return [...others, added].toSorted((a, b) => (a.date < b.date ? -1 : a.date > b.date ? 1 : 0));
}

/** Keeps the run among the figures of docs/proof.md. */
export async function keepRecord(added: ProofRecord): Promise<void> {
  const { runs = [] } = (await readResults()) as { readonly runs?: readonly ProofRecord[] };
  await updateResults("runs", mergeRecord(runs, added));
}
