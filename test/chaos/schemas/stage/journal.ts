import type { DecisionMade, Failure, Halt, WrittenRow } from "../check/history.ts";
import type { Step } from "../plan/step.ts";
import { describeStep, stepKind } from "../plan/step.ts";

const LINE_MAX = 300;

/** What was done in a world, in the order in which it was done: for the checker, and for people. */
export class Journal {
  readonly rows: WrittenRow[] = [];
  /** Ids of rows whose transaction was rolled back. */
  readonly undone: string[] = [];
  readonly halts: Halt[] = [];
  readonly decisions: DecisionMade[] = [];
  readonly failures: Failure[] = [];
  readonly lines: string[] = [];
  /** Steps that were carried out, by kind; what Postgres refused or what had no object is counted apart. */
  readonly done = new Map<string, number>();
  readonly refused = new Map<string, number>();
  readonly skipped = new Map<string, number>();
  /** Ids of rows in tables that were logged again before anybody looked. */
  readonly unseen = new Set<string>();
  /** The last step at which the relay looked at the catalogs, as far as is known. */
  lookedAt = -1;
  /** Number of the step that is under way. */
  step = -1;
  #begun = 0;

  begin(number: number, step: Step): void {
    this.step = number;
    this.#begun = this.lines.length;
    this.lines.push(`${number}. ${describeStep(step)}`);
  }

  note(line: string): void {
    const text = line.replaceAll("\n", " ");
    this.lines.push(`     ${text.length > LINE_MAX ? `${text.slice(0, LINE_MAX)} ...` : text}`);
  }

  count(step: Step, outcome: "done" | "refused" | "skipped"): void {
    const counts = this[outcome];
    counts.set(stepKind(step), (counts.get(stepKind(step)) ?? 0) + 1);
    // What had no object is left out, so that the rest can be read.
    if (outcome === "skipped") this.lines.length = this.#begun;
  }

  /** The table `name` is logged again: what was written to it since the last look stays unknown to everybody. */
  loggedAgain(name: string): void {
    for (const { id, step, where } of this.rows) {
      if (step > this.lookedAt && where.startsWith(`${name}, `) && where.includes("unlogged")) {
        this.unseen.add(id);
      }
    }
  }

  fail(kind: Failure["kind"], what: string): void {
    this.failures.push({ kind, what });
    this.note(`FAILED ${kind}: ${what}`);
  }
}
