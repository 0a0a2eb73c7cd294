import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../../../src/ops/system-clock.ts";

/** The folder of one run: what was done when, and what the relays said. */
export class RunLog {
  readonly folder = mkdtempSync(join(tmpdir(), "outbox-relay-prove-"));
  #startedMs = systemClock.monotonicMs();

  /** Times count from now on. */
  restart(): void {
    this.#startedMs = systemClock.monotonicMs();
  }

  get elapsedMs(): number {
    return systemClock.monotonicMs() - this.#startedMs;
  }

  /** Written at once, so that it is there however the run ends. */
  note(line: string): void {
    const seconds = (this.elapsedMs / 1000).toFixed(3).padStart(9);
    appendFileSync(join(this.folder, "faults.log"), `${seconds} ${line}\n`);
  }

  keep(name: string, text: string): void {
    writeFileSync(join(this.folder, name), text);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
