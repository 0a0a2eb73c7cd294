import type { ChildProcess } from "node:child_process";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));

type Settings = Readonly<Record<string, string>>;

/** Applies the migrations the way a user does. */
export async function migrate(settings: Settings): Promise<void> {
  await promisify(execFile)(process.execPath, [MAIN, "migrate", "up"], { env: { ...settings } });
}

/** The relay in a process of its own, its log in a file, so that it can be killed without ceremony. */
export class RelayChild {
  readonly #settings: Settings;
  readonly #logFile: string;
  #child: ChildProcess | null = null;

  constructor(settings: Settings, logFile: string) {
    this.#settings = settings;
    this.#logFile = logFile;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  start(): void {
    const child = spawn(process.execPath, [MAIN, "run"], {
      env: { ...this.#settings },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const log = createWriteStream(this.#logFile, { flags: "a" });
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    this.#child = child;
  }

  /** SIGKILL: nothing in it gets to run any more. */
  kill(): Promise<void> {
    return this.#end("SIGKILL");
  }

  stop(): Promise<void> {
    return this.#end("SIGTERM");
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, "exit");
    child.kill(signal);
    await exit;
  }
}
