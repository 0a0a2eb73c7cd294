import type { WorldPlan } from "./plan/world-plan.ts";
import { REQUEST_NAMES } from "./plan/world-plan.ts";
import type { WorldOutcome } from "./stage/run-world.ts";

/** What a campaign did and found. */
export class Totals {
  worlds = 0;
  failed = 0;
  rows = 0;
  records = 0;
  episodes = 0;
  met = 0;
  readonly broken: string[] = [];
  readonly requests = new Map<string, number>();
  readonly kinds = new Map<string, number>();
  readonly endings = new Map<string, number>();
  readonly halts = new Map<string, number>();
  /** Causes that relays showed while it lasted, by their codes. */
  readonly causes = new Map<string, number>();
  readonly failures = new Map<string, number>();
  /** The same by request and hostility, for people. */
  readonly named = new Map<string, number>();

  add(plan: WorldPlan, outcome: WorldOutcome): void {
    this.worlds += 1;
    this.rows += outcome.rows;
    this.records += outcome.records;
    this.met += outcome.met;
    this.episodes += plan.episodes.length;
    for (const { apiKey, kind } of plan.episodes.flatMap((one) => one.hostilities)) {
      addTo(this.requests, REQUEST_NAMES[apiKey] ?? "");
      addTo(this.kinds, kind);
    }
    for (const ending of outcome.endings) addTo(this.endings, ending);
    for (const code of outcome.halts) addTo(this.halts, code);
    for (const one of outcome.named) {
      addTo(this.named, one);
      addTo(this.causes, one.split(": ").at(-1) ?? "");
    }
    for (const kind of new Set(outcome.failures.map((one) => one.kind))) addTo(this.failures, kind);
    if (outcome.failures.length > 0) this.failed += 1;
  }

  /** A world that could not be run to its verdict. */
  addBroken(what: string): void {
    this.broken.push(what);
  }

  get isClean(): boolean {
    return this.failed === 0 && this.broken.length === 0;
  }

  /** A line for each request and hostility, with what relays showed. */
  causesText(): string {
    return [...this.named]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, count]) => `${count} ${name}\n`)
      .join("");
  }

  text(): string {
    return [
      `${this.worlds} worlds, ${this.failed} failed, ${this.broken.length} not run to their end`,
      `${this.rows} rows committed, ${this.records} records read`,
      `${this.episodes} times hostile, ${this.met} requests met it`,
      `requests: ${list(this.requests)}`,
      `ways: ${list(this.kinds)}`,
      `asked while it lasted: ${list(this.endings)}`,
      `causes shown: ${list(this.causes)}`,
      `halts: ${list(this.halts)}`,
      `failures: ${list(this.failures)}`,
      ...this.broken.slice(0, 5),
      "",
    ].join("\n");
  }
}

function list(counts: ReadonlyMap<string, number>): string {
  return [...counts]
    .toSorted(([, a], [, b]) => b - a)
    .map(([name, count]) => `${count} ${name}`)
    .join("; ");
}

function addTo(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
