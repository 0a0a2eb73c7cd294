import type { WorldPlan } from "./plan/world-plan.ts";
import type { WorldOutcome } from "./stage/world.ts";

/** What a campaign did and found. */
export class Totals {
  worlds = 0;
  failed = 0;
  rows = 0;
  records = 0;
  decisions = 0;
  readonly broken: string[] = [];
  readonly worldsByMajor = new Map<string, number>();
  readonly done = new Map<string, number>();
  readonly refused = new Map<string, number>();
  readonly halts = new Map<string, number>();
  readonly failures = new Map<string, number>();

  add({ major }: WorldPlan, { failures, journal, haltCodes, records }: WorldOutcome): void {
    this.worlds += 1;
    this.rows += journal.rows.length;
    this.records += records;
    this.decisions += journal.decisions.length;
    addTo(this.worldsByMajor, String(major), 1);
    for (const [kind, count] of journal.done) addTo(this.done, kind, count);
    for (const [kind, count] of journal.refused) addTo(this.refused, kind, count);
    for (const code of haltCodes) addTo(this.halts, code, 1);
    for (const kind of new Set(failures.map((one) => one.kind))) addTo(this.failures, kind, 1);
    if (failures.length > 0) this.failed += 1;
  }

  /** A world that could not be run to its verdict. */
  addBroken(what: string): void {
    this.broken.push(what);
  }

  get isClean(): boolean {
    return this.failed === 0 && this.broken.length === 0;
  }

  text(): string {
    const list = (counts: ReadonlyMap<string, number>): string =>
      [...counts]
        .toSorted(([, a], [, b]) => b - a)
        .map(([name, count]) => `${count} ${name}`)
        .join("; ");
    return [
      `${this.worlds} worlds (${list(this.worldsByMajor)}), ${this.failed} failed, ${this.broken.length} not run to their end`,
      `${this.rows} rows committed, ${this.records} records read, ${this.decisions} decisions`,
      `steps: ${list(this.done)}`,
      `refused by Postgres: ${list(this.refused)}`,
      `halts: ${list(this.halts)}`,
      `failures: ${list(this.failures)}`,
      ...this.broken.slice(0, 5),
      "",
    ].join("\n");
  }
}

function addTo(counts: Map<string, number>, name: string, count: number): void {
  counts.set(name, (counts.get(name) ?? 0) + count);
}
