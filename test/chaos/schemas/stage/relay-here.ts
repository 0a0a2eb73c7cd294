import { pino } from "pino";
import { relayOptions } from "../../../../src/cli/adapters.ts";
import { assemble } from "../../../../src/cli/service.ts";
import { loadConfig } from "../../../../src/config/load.ts";
import { RecentErrors } from "../../../../src/ops/recent-errors.ts";
import { RelayLog } from "../../../../src/ops/relay-log.ts";
import type { RelayProcess } from "../../../support/relay/relay-process.ts";

/** What is read of a relay's status. */
export interface RelaySight {
  readonly state: string;
  readonly code: string | null;
  readonly message: string | null;
  readonly hint: string | null;
  /** What the present attempt meets while a halt of an earlier one is on show. */
  readonly attempt: { readonly code: string | null; readonly message: string | null } | null;
}

/** A relay of a world, wherever it runs. */
export interface RunningRelay {
  /** Null while it does not answer. */
  status(): Promise<RelaySight | null>;
  /** Why it ended by itself; null while it runs. */
  readonly end: string | null;
  /** Code of each line of the log that tells of state failed. */
  readonly haltCodes: readonly string[];
  readonly output: string;
  /** As SIGTERM does it. */
  stop(): Promise<void>;
}

/** The relay as `outbox-relay run` puts it together, in this process: without HTTP, and without the second that a start takes. */
export class RelayHere implements RunningRelay {
  readonly #stop = new AbortController();
  readonly #lines: string[] = [];
  readonly #running: Promise<void>;
  readonly #state: () => RelaySight;
  #end: string | null = null;

  constructor(settings: Readonly<Record<string, string>>) {
    const { config } = loadConfig(settings);
    const write = (line: string): void => void this.#lines.push(line);
    const logger = pino(
      { level: config.log.level, formatters: { level: (label) => ({ level: label }) } },
      { write },
    );
    const errors = new RecentErrors(() => Date.now());
    const { relay } = assemble(config, "0.0.0", new RelayLog(logger, errors), errors);
    this.#state = () => {
      const { name, reason } = relay.state;
      const { code = null, message = null, hint = null } = reason ?? {};
      const met = relay.attempt?.reason ?? null;
      const attempt = met === null ? null : { code: met.code, message: met.message };
      return { state: name, code, message, hint, attempt };
    };
    logger.info({ slot: relayOptions(config).slot }, "started");
    this.#running = relay.run(this.#stop.signal).then(
      () => undefined,
      (error: unknown) => {
        this.#end = error instanceof Error ? (error.stack ?? error.message) : String(error);
      },
    );
  }

  status(): Promise<RelaySight> {
    return Promise.resolve(this.#state());
  }

  get end(): string | null {
    return this.#end;
  }

  get haltCodes(): readonly string[] {
    return this.#lines.flatMap((line) => haltCode(JSON.parse(line) as LogLine));
  }

  get output(): string {
    return this.#lines.join("");
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }
}

interface LogLine {
  readonly state?: string;
  readonly code?: string;
}

function haltCode({ state, code }: LogLine): string[] {
  return state === "failed" && code !== undefined ? [code] : [];
}

/** A relay that is a process of its own, as one that is to be killed has to be. */
export class RelayApart implements RunningRelay {
  readonly #process: RelayProcess;

  constructor(process: RelayProcess) {
    this.#process = process;
  }

  async status(): Promise<RelaySight | null> {
    if (!this.#process.lines.some(({ port }) => port !== undefined)) return null;
    return this.#process.status().catch(() => null);
  }

  get end(): string | null {
    return this.#process.hasEnded ? `exit code ${this.#process.exitCode}` : null;
  }

  get haltCodes(): readonly string[] {
    return this.#process.lines.flatMap(haltCode);
  }

  get output(): string {
    return this.#process.output;
  }

  async stop(): Promise<void> {
    const code = await this.#process.stop();
    if (code !== 0) throw new Error(`the relay ended with exit code ${code} after SIGTERM`);
  }

  kill(): Promise<void> {
    return this.#process.kill();
  }
}
