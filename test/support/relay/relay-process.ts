import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { ProcessGuard } from "../../../src/demo/services/process-guard.ts";
import { authorizationOf } from "../../../src/ops/http/basic-auth.ts";
import { until } from "../until.ts";

const MAIN = fileURLToPath(new URL("../../../src/main.ts", import.meta.url));

export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly state?: string;
  readonly code?: string;
  readonly hint?: string;
  /** The side of an error. */
  readonly where?: string;
  readonly port?: number;
}

export interface RelayStatus {
  readonly state: string;
  readonly code: string | null;
  readonly message: string | null;
  readonly hint: string | null;
  /** What the present attempt meets while a halt of an earlier one is on show. */
  readonly attempt: { readonly code: string | null; readonly message: string | null } | null;
  readonly slot: {
    readonly confirmedLsn: string | null;
    readonly retainedBytes: number | null;
    readonly safeWalBytes: number | null;
    readonly growthBytesPerSecond: number | null;
    readonly exhaustionSeconds: number | null;
    readonly oldestTransaction: {
      readonly pid: number | null;
      readonly prepared: string | null;
      readonly seconds: number;
    } | null;
  };
  readonly events: { readonly published: number };
  readonly kafka: { readonly reachable: boolean };
}

/** A relay as users run it: a process of its own, settings in its environment, log on stdout. */
export class RelayProcess {
  readonly #child: ChildProcess;
  readonly lines: LogLine[] = [];
  readonly #headers: Record<string, string>;
  stderr = "";
  #rest = "";

  constructor(settings: Readonly<Record<string, string>>) {
    const { RELAY_HTTP_AUTH_USERNAME: username, RELAY_HTTP_AUTH_PASSWORD: password } = settings;
    const isOpen = username === undefined || password === undefined;
    this.#headers = isOpen ? {} : { authorization: authorizationOf({ username, password }) };
    this.#child = spawn(process.execPath, [MAIN, "run"], {
      env: {
        PATH: process.env["PATH"],
        RELAY_HTTP_LISTEN: "127.0.0.1:0",
        RELAY_STANDBY_POLL_INTERVAL: "200ms",
        ...settings,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child.stdout?.on("data", (chunk: Buffer) => this.#read(chunk.toString()));
    this.#child.stderr?.on("data", (chunk: Buffer) => {
      this.stderr += chunk.toString();
    });
  }

  /** The guard ends the process when ours ends without doing so. */
  guardedBy(guard: ProcessGuard): void {
    guard.watch(this.#child, "KILL");
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  get exitCode(): number | null {
    return this.#child.exitCode;
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Everything that the process wrote, for messages of failed tests. */
  get output(): string {
    return this.lines.map((line) => JSON.stringify(line)).join("\n") + this.stderr;
  }

  async status(): Promise<RelayStatus> {
    return (await (await this.get("/status")).json()) as RelayStatus;
  }

  async get(path: string): Promise<Response> {
    const port = await this.port();
    return fetch(`http://127.0.0.1:${port}${path}`, { headers: this.#headers });
  }

  /** As `get`, but rejects while it has not started, and when it does not answer in time. */
  async ask(path: string, deadlineMs: number): Promise<Response> {
    if (this.#port === undefined || this.hasEnded) throw new Error("the relay does not listen");
    const signal = AbortSignal.timeout(deadlineMs);
    return fetch(`http://127.0.0.1:${this.#port}${path}`, { signal, headers: this.#headers });
  }

  async port(): Promise<number> {
    await until(
      () => this.#port !== undefined || this.hasEnded,
      20_000,
      () => `the relay to start\n${this.output}`,
    );
    if (this.#port === undefined) throw new Error(`the relay did not start:\n${this.output}`);
    return this.#port;
  }

  /** Waits for a state, and for a code when one is given. */
  async reaches(
    state: string,
    code: string | null = null,
    deadlineMs = 60_000,
  ): Promise<RelayStatus> {
    let status: RelayStatus | null = null;
    const what = (): string =>
      `state ${state} ${code ?? ""}, last seen ${JSON.stringify(status)}\n${this.output}`;
    await until(
      async () => {
        if (this.hasEnded) throw new Error(`the relay ended while waiting for ${what()}`);
        // A relay whose event loop was blocked may have cut the connection meanwhile.
        status = await this.status().catch(() => null);
        return status?.state === state && status.code === code;
      },
      deadlineMs,
      what,
    );
    return status as unknown as RelayStatus;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Resolves with the exit code, null after a signal. */
  async ended(deadlineMs = 30_000): Promise<number | null> {
    await until(
      () => this.hasEnded,
      deadlineMs,
      () => `the relay to end\n${this.output}`,
    );
    return this.#child.exitCode;
  }

  async kill(): Promise<void> {
    if (this.hasEnded) return;
    const exit = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await exit;
  }

  async stop(): Promise<number | null> {
    this.signal("SIGTERM");
    return this.ended();
  }

  get #port(): number | undefined {
    return this.lines.find((line) => line.port !== undefined)?.port;
  }

  #read(text: string): void {
    const parts = (this.#rest + text).split("\n");
    this.#rest = parts.pop() ?? "";
    for (const part of parts) this.lines.push(JSON.parse(part) as LogLine);
  }
}
