import { readFileSync } from "node:fs";
import { faultCases } from "../test/chaos/fault-marks.ts";
import { FAULTS, NOT_INJECTED } from "../test/chaos/fault-matrix.ts";
import type { HostileRecord } from "../test/chaos/hostile/hostile-record.ts";
import type { ProofRecord } from "../test/chaos/prove/proof-record.ts";
import type { SchemaRecord } from "../test/chaos/schemas/schema-record.ts";

const PAGE = new URL("../docs/proof.md", import.meta.url);
const RESULTS = new URL("../docs/proof-results.json", import.meta.url);

interface Results {
  readonly runs?: readonly ProofRecord[];
  readonly schemas?: readonly SchemaRecord[];
  readonly hostile?: readonly HostileRecord[];
  readonly simulation?: {
    readonly date: string;
    readonly seed: number;
    readonly worlds: number;
    readonly crashes: number;
    readonly rows: number;
    readonly events: number;
    readonly virtualHours: number;
    readonly failed: number;
  };
  readonly mutants?: {
    readonly date: string;
    readonly caught: number;
    readonly planted: number;
    readonly mutants: readonly {
      readonly name: string;
      readonly harm: string;
      readonly layer: string;
      readonly isCaught: boolean;
    }[];
  };
}

/** docs/proof.md with its figures and tables made again; what stands between them is written by hand. */
export function proofPage(): string {
  const results = JSON.parse(readFileSync(RESULTS, "utf8")) as Results;
  let page = readFileSync(PAGE, "utf8");
  const sections: Readonly<Record<string, string>> = {
    simulation: simulationText(results.simulation),
    runs: runsText(results.runs ?? []),
    letters: lettersText(results.runs ?? []),
    mutants: mutantsText(results.mutants),
    faults: faultsText(),
    // The page decides whether it shows the worlds of drawn schemas.
    ...(page.includes("<!-- schemas -->") && { schemas: schemasText(results.schemas ?? []) }),
    hostile: hostileText(results.hostile ?? []),
  };
  for (const [name, text] of Object.entries(sections)) {
    const place = new RegExp(`<!-- ${name} -->[^]*?<!-- /${name} -->`);
    if (!place.test(page)) throw new Error(`docs/proof.md has no place for ${name}`);
    page = page.replace(place, () => `<!-- ${name} -->\n\n${text}\n\n<!-- /${name} -->`);
  }
  return page;
}

function simulationText(simulation: Results["simulation"]): string {
  if (simulation === undefined) return "Not recorded yet.";
  const { date, seed, worlds, crashes, rows, events, virtualHours, failed } = simulation;
  return (
    `${date}: ${count(worlds)} worlds from seed ${seed}, ${count(crashes)} crashes, ${count(rows)} rows, ` +
    `${count(events)} events in ${virtualHours} h of virtual time; ${count(failed)} worlds failed.`
  );
}

function runsText(runs: readonly ProofRecord[]): string {
  if (runs.length === 0) return "Not recorded yet.";
  return table(
    [
      "run",
      "kills",
      "freezes with take-over",
      "cuts (Postgres / Kafka)",
      "broker kills",
      "Postgres restarts",
      "rows committed",
      "violations",
      "recovery p50 / p95, s",
    ],
    runs.map((run) => [
      `${run.date}, ${run.minutes} min, ${run.delivery}, Postgres ${run.postgres}, Kafka ${run.kafka}, ${run.brokers} broker${run.brokers > 1 ? "s" : ""}, seed ${run.seed}`,
      count(run.counts.kills),
      count(run.counts.freezes),
      `${count(run.counts.cutsPostgres)} / ${count(run.counts.cutsKafka)}`,
      count(run.counts.brokerKills),
      count(run.counts.postgresRestarts),
      count(run.counts.rowsCommitted),
      count(run.letters.reduce((sum, { violations }) => sum + violations, 0)),
      recovery(run),
    ]),
  );
}

function recovery({ recoveryMs: { alone, all } }: ProofRecord): string {
  const seconds = (ms: number | null): string => (ms === null ? "-" : (ms / 1000).toFixed(1));
  const shown = alone.count > 0 ? alone : all;
  return `${seconds(shown.p50)} / ${seconds(shown.p95)}`;
}

function lettersText(runs: readonly ProofRecord[]): string {
  if (runs.length === 0) return "Not recorded yet.";
  const letters = new Map<
    string,
    { claim: string; checked: number; violations: number; notes: string[] }
  >();
  for (const { letter, claim, checked, violations, note } of runs.flatMap((run) => run.letters)) {
    const sum = letters.get(letter) ?? { claim, checked: 0, violations: 0, notes: [] };
    if (note !== null) sum.notes.push(note);
    letters.set(letter, {
      ...sum,
      checked: sum.checked + checked,
      violations: sum.violations + violations,
    });
  }
  return table(
    ["letter", "claim", "checked", "violations", "notes"],
    [...letters].map(([letter, { claim, checked, violations, notes }]) => [
      letter,
      claim,
      count(checked),
      count(violations),
      notes.join("; "),
    ]),
  );
}

function schemasText(records: readonly SchemaRecord[]): string {
  if (records.length === 0) return "Not recorded yet.";
  const sum = (counts: Readonly<Record<string, number>>, isMeant: (name: string) => boolean) =>
    Object.entries(counts).reduce((all, [name, n]) => all + (isMeant(name) ? n : 0), 0);
  const isWrite = (name: string): boolean => /^(?:insert|together|move)/.test(name);
  const isRelay = (name: string): boolean => /^(?:start|stop|kill|settle|look|operate)$/.test(name);
  return table(
    [
      "campaign",
      "worlds",
      "rows",
      "writes",
      "changes",
      "starts and ends",
      "decisions",
      "halts",
      "failed",
    ],
    records.map((one) => [
      `${one.date}, ${one.minutes} min, Postgres ${one.postgres.join(" and ")}, seed ${one.seed}`,
      count(one.worlds),
      count(one.rows),
      count(sum(one.steps, isWrite)),
      count(sum(one.steps, (name) => !isWrite(name) && !isRelay(name))),
      count(sum(one.steps, isRelay)),
      count(one.decisions),
      Object.entries(one.halts)
        .map(([code, n]) => `${count(n)} ${code}`)
        .join(", "),
      count(one.failed),
    ]),
  );
}

function hostileText(records: readonly HostileRecord[]): string {
  if (records.length === 0) return "Not recorded yet.";
  const counts = (of: Readonly<Record<string, number>>): string =>
    Object.entries(of)
      .map(([name, n]) => `${count(n)} ${name}`)
      .join(", ");
  return table(
    [
      "campaign",
      "worlds",
      "rows",
      "times hostile",
      "requests that met it",
      "asked while it lasted",
      "causes shown",
      "failed",
    ],
    records.map((one) => [
      `${one.date}, ${one.minutes} min, seed ${one.seed}`,
      count(one.worlds),
      count(one.rows),
      count(one.episodes),
      count(one.met),
      counts(one.endings),
      counts(one.causes),
      count(one.failed + one.broken),
    ]),
  );
}

function mutantsText(mutants: Results["mutants"]): string {
  if (mutants === undefined) return "Not recorded yet.";
  const rows = mutants.mutants.map(({ name, harm, layer, isCaught }) => [
    name,
    harm,
    isCaught ? layer : `**survived** ${layer}`,
  ]);
  const head = `${mutants.date}: caught ${mutants.caught} of ${mutants.planted}.`;
  return `${head}\n\n${table(["planted bug", "what it would do", "noticed by"], rows)}`;
}

function faultsText(): string {
  const cases = faultCases();
  const rows = Object.entries(FAULTS).map(([number, fault]) => {
    const here = cases.filter((one) => one.fault === Number(number));
    const letters = new Set(here.flatMap((one) => one.letters));
    const files = [...new Set(here.map(({ file }) => `[${file}](../test/${file})`))];
    const reason = NOT_INJECTED[Number(number)];
    const where = [...files, ...(reason === undefined ? [] : [reason])].join(", ");
    return [number, fault, [...letters].join(" "), where];
  });
  return table(["no.", "fault", "checked", "where"], rows);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function count(value: number): string {
  return value.toLocaleString("en-US");
}
