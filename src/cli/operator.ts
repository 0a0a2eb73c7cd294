import type { Config } from "../config/schema.ts";
import { failpoints } from "../ops/failpoints.ts";
import { keepHeapSmall } from "../ops/small-heap.ts";
import { systemClock } from "../ops/system-clock.ts";
import type { BackfillProgress } from "../relay/backfill/backfilled-stream.ts";
import { pause } from "../relay/clock.ts";
import { RelayError } from "../relay/errors.ts";
import { preflightError } from "../relay/finding.ts";
import type { AnnounceMoment, Observer } from "../relay/observer.ts";
import { silentObserver } from "../relay/observer.ts";
import type { Outcome } from "../relay/operate/operations.ts";
import { Operations } from "../relay/operate/operations.ts";
import type { RelayOptions } from "../relay/options.ts";
import { Relay } from "../relay/relay.ts";
import type { RelayState } from "../relay/state.ts";
import { relayOptions } from "./adapters.ts";
import { BackfillReport } from "./backfill-report.ts";
import { EXIT, exitCodeOf } from "./exit-code.ts";
import type { Output } from "./output.ts";
import { relayPorts } from "./relay-ports.ts";

/** A relay that is failed looks again every few seconds, and has the slot for that moment. */
const PATIENCE_MS = 60_000;
const AGAIN_MS = 500;

/** What an operator's command needs: the way to Postgres and Kafka, and one place for what goes wrong. */
export class Operator {
  readonly options: RelayOptions;
  readonly ports: ReturnType<typeof relayPorts>;
  readonly operations: Operations;
  readonly #out: Output;
  readonly #report: BackfillReport;
  #backfillEnded: () => void = () => undefined;

  constructor(config: Config, out: Output) {
    keepHeapSmall();
    this.#out = out;
    this.#report = new BackfillReport(out, () => systemClock.monotonicMs());
    this.options = relayOptions(config);
    this.ports = relayPorts(config, this.#observer(failpoints(config.failpoints)));
    this.operations = new Operations(this.ports, this.options);
  }

  /** Runs a command until it is done or `stop` is aborted; answers its exit code and tells every error with its code and hint. */
  async run(command: () => Promise<number>, stop: AbortSignal): Promise<number> {
    try {
      await this.#preflight(stop);
      return await command();
    } catch (error) {
      if (!(error instanceof RelayError)) throw error;
      this.#out.stderr(`${error.code}: ${error.message}\n${error.hint}\n`);
      return exitCodeOf(error);
    } finally {
      await this.ports.sink.close();
      await this.ports.database.close();
    }
  }

  /** Does it as soon as no relay is just looking at the slot, and publishes what is to be published. */
  async decide(decision: () => Promise<Outcome>, stop: AbortSignal): Promise<number> {
    const { message, backfills } = await this.#patiently(decision, stop);
    this.#out.stdout(`${message}\n`);
    return backfills ? this.#backfill(stop) : EXIT.ok;
  }

  async #patiently<T>(work: () => Promise<T>, stop: AbortSignal): Promise<T> {
    const deadlineMs = systemClock.monotonicMs() + PATIENCE_MS;
    for (;;) {
      try {
        return await work();
      } catch (error) {
        await this.ports.database.release();
        const isPassing = error instanceof RelayError && error.remedy !== "halt";
        if (!isPassing || stop.aborted || systemClock.monotonicMs() >= deadlineMs) throw error;
        await pause(systemClock, AGAIN_MS, stop);
      }
    }
  }

  /** Findings at Kafka that a person must settle end the command; what is wrong at Postgres it may be there to correct. */
  async #preflight(stop: AbortSignal): Promise<void> {
    const findings = await this.ports.sink.preflight(stop);
    const faults = findings.filter(({ severity }) => severity !== "warning");
    if (faults.length > 0) throw preflightError(faults);
  }

  /** The relay itself does the work, here or in the process that waits for it, and goes on from there. */
  async #backfill(stop: AbortSignal): Promise<number> {
    const ending = new AbortController();
    const end = (): void => ending.abort();
    stop.addEventListener("abort", end, { once: true });
    let exitCode: number = EXIT.temporary;
    this.#backfillEnded = () => {
      this.#report.ended();
      exitCode = EXIT.ok;
      end();
    };
    const stateChanged = ({ name, reason }: RelayState): void => {
      if (reason !== null) this.#out.stderr(`${reason.code}: ${reason.message}\n${reason.hint}\n`);
      if (name === "standby") {
        this.#out.stdout("a running relay does it: see outbox-relay status\n");
        exitCode = EXIT.ok;
        end();
      } else if (name === "failed") {
        exitCode = EXIT.failure;
        end();
      }
    };
    await new Relay(this.ports, this.options, { stateChanged }).run(ending.signal);
    return exitCode;
  }

  #observer(moment: AnnounceMoment | null): Observer {
    return {
      ...silentObserver(),
      ...(moment !== null && { moment }),
      backfilled: (progress: BackfillProgress) => this.#report.progressed(progress),
      backfillEnded: () => this.#backfillEnded(),
      // Among them that rows of an earlier slot are lost.
      note: (message: string) => this.#out.stdout(`${message}\n`),
      warning: ({ code, message, hint }) => this.#out.stderr(`${code}: ${message}\n${hint}\n`),
    };
  }
}
