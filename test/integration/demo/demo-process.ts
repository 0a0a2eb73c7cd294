import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { until } from "../../support/until.ts";

const MAIN = fileURLToPath(new URL("../../../src/demo/main.ts", import.meta.url));

/** The demo as a user starts it, on the servers of the test run. */
export class DemoProcess {
  readonly #child: ChildProcess;
  output = "";

  constructor(...flags: readonly string[]) {
    this.#child = spawn(process.execPath, [MAIN, ...flags], { stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on("data", (chunk: Buffer) => {
        this.output += chunk.toString();
      });
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async says(sentence: RegExp, deadlineMs = 45_000): Promise<void> {
    const what = (): string => `the demo to say ${sentence}; it said\n${this.output}`;
    await until(
      () => {
        if (this.#hasEnded) throw new Error(`the demo ended while waiting for ${what()}`);
        return sentence.test(this.output);
      },
      deadlineMs,
      what,
    );
  }

  async exitCode(deadlineMs = 45_000): Promise<number | null> {
    await until(
      () => this.#hasEnded,
      deadlineMs,
      () => `the demo to end; it said\n${this.output}`,
    );
    return this.#child.exitCode;
  }

  /** The number behind a label of the table. */
  count(label: string): number {
    const found = new RegExp(`^  ${label} +(\\d+)$`, "m").exec(this.output)?.[1];
    if (found === undefined) throw new Error(`no line "${label}" in\n${this.output}`);
    return Number(found);
  }

  /** The name that this run gave its database, its slot and its topics. */
  get name(): string {
    const found = /\/(demo_[0-9a-f]+)$/m.exec(this.output)?.[1];
    if (found === undefined) throw new Error(`no database in\n${this.output}`);
    return found;
  }

  /** The process of the relay, as the demo tells it. */
  get relayPid(): number {
    return Number(/^Relay +process (\d+)/m.exec(this.output)?.[1]);
  }

  /** For the end of a test that failed. */
  kill(): void {
    this.#child.kill("SIGKILL");
  }

  get #hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }
}

/** Command lines of the processes that have `word` in their environment or arguments. */
export function processesWith(word: string): string[] {
  const read = (pid: string, file: string): string => {
    try {
      return readFileSync(`/proc/${pid}/${file}`, "latin1");
    } catch {
      return ""; // It has ended, or belongs to somebody else.
    }
  };
  return readdirSync("/proc")
    .filter((pid) => /^\d+$/.test(pid))
    .filter((pid) => `${read(pid, "environ")}${read(pid, "cmdline")}`.includes(word))
    .map((pid) => read(pid, "cmdline").replaceAll("\0", " "));
}
