import type { ChildProcess } from "node:child_process";
import { execFile, spawn } from "node:child_process";
import { open, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { endProcess } from "./services/child-process.ts";
import type { ProcessGuard } from "./services/process-guard.ts";
import { holdsWithin } from "./waiting.ts";

const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));
const MIGRATE_DEADLINE_MS = 60_000;
const START_DEADLINE_MS = 60_000;
const STOP_DEADLINE_MS = 10_000;
const STATUS_DEADLINE_MS = 2_000;
const LOG_TAIL_CHARACTERS = 2_000;

type Settings = Readonly<Record<string, string>>;

/** Applies the migrations the way a user does. */
export async function migrate(settings: Settings, stop: AbortSignal): Promise<void> {
  const options = { env: { ...settings }, signal: stop, timeout: MIGRATE_DEADLINE_MS };
  await promisify(execFile)(process.execPath, [MAIN, "migrate", "up"], options);
}

export interface RelayChildParts {
  readonly settings: Settings;
  readonly port: number;
  readonly logFile: string;
  /** Ends it when the demo is gone. */
  readonly guard: ProcessGuard;
  /** Told when the relay ends by itself. */
  readonly fail: (error: Error) => void;
}

/** The relay in a process of its own, its log in a file, so that it can be killed without ceremony. */
export class RelayChild {
  readonly #parts: RelayChildParts;
  #child: ChildProcess | undefined;
  /** Those whose end is our doing. */
  readonly #ended = new WeakSet<ChildProcess>();

  constructor(parts: RelayChildParts) {
    this.#parts = parts;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get address(): string {
    return `http://127.0.0.1:${this.#parts.port}`;
  }

  get logFile(): string {
    return this.#parts.logFile;
  }

  /** Resolves when it streams. */
  async start(stop: AbortSignal): Promise<void> {
    const { settings, logFile, guard } = this.#parts;
    const log = await open(logFile, "a");
    try {
      const child = spawn(process.execPath, [MAIN, "run"], {
        env: { ...settings },
        stdio: ["ignore", log.fd, log.fd],
        detached: true, // Ctrl-C is for the demo, which ends it in good order.
      });
      this.#child = child;
      guard.watch(child, "KILL");
      child.once("error", (cause) => this.#parts.fail(cause));
      child.once("exit", (code, signal) => void this.#onExit(child, signal ?? `exit code ${code}`));
    } finally {
      await log.close();
    }
    if (await holdsWithin(START_DEADLINE_MS, () => this.#isStreaming(), stop)) return;
    throw new Error(await this.#withLog(`the relay did not stream after ${START_DEADLINE_MS} ms`));
  }

  /** SIGKILL: nothing in it gets to run any more. */
  kill(): Promise<void> {
    return this.#end("SIGKILL");
  }

  /** In good order, or not at all after a while. */
  async stop(): Promise<void> {
    const child = this.#child;
    const overdue = setTimeout(() => child?.kill("SIGKILL"), STOP_DEADLINE_MS);
    await this.#end("SIGTERM");
    clearTimeout(overdue);
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    this.#ended.add(child);
    await endProcess(child, signal);
    this.#child = undefined;
  }

  async #isStreaming(): Promise<boolean> {
    try {
      const answer = await fetch(`${this.address}/status`, {
        signal: AbortSignal.timeout(STATUS_DEADLINE_MS),
      });
      return ((await answer.json()) as { state?: unknown }).state === "streaming";
    } catch {
      return false; // It does not listen yet; that it ended is told by its exit.
    }
  }

  async #onExit(child: ChildProcess, how: string): Promise<void> {
    if (this.#ended.has(child)) return;
    this.#child = undefined;
    this.#parts.fail(new Error(await this.#withLog(`the relay ended by itself (${how})`)));
  }

  async #withLog(happened: string): Promise<string> {
    const log = await readFile(this.logFile, "utf8").catch(() => "");
    return `${happened}; the end of its log:\n${log.slice(-LOG_TAIL_CHARACTERS)}`;
  }
}
