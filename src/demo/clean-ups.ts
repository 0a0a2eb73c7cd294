import { setTimeout as delay } from "node:timers/promises";

/** One step may hang, on a broker that is gone for example; what it leaves is ended by the services' guards. */
const STEP_DEADLINE_MS = 15_000;

/** What must be put away in the end, the last first. */
export class CleanUps {
  readonly #steps: { readonly what: string; readonly run: () => Promise<unknown> }[] = [];

  add(what: string, run: () => Promise<unknown>): void {
    this.#steps.push({ what, run });
  }

  /** Goes through all of them, whatever happens on the way, and reports what could not be put away. */
  async run(report: (problem: string) => void): Promise<void> {
    for (const { what, run } of this.#steps.splice(0).toReversed()) {
      const overdue = delay(STEP_DEADLINE_MS, undefined, { ref: false }).then(() => {
        throw new Error(`not done after ${STEP_DEADLINE_MS / 1000} s`);
      });
      overdue.catch(() => undefined);
      try {
        await Promise.race([run(), overdue]);
      } catch (error) {
        report(`${what}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  }
}
