import { CleanUps } from "./clean-ups.ts";
import type { DemoOptions } from "./options.ts";
import { ShopRun } from "./shop-run.ts";
import type { Stage } from "./stage.ts";
import { setStage } from "./stage.ts";
import { verdictTable } from "./table.ts";
import { isClean } from "./verdict.ts";

const EXIT = { clean: 0, failure: 1, interrupted: 130 } as const;
/** How long what is under way may take to notice that it shall end. */
const SETTLE_MS = 10_000;

class Interrupted extends Error {}

/** Sets the stage, lets the shop play on it, shows the verdict, and puts everything away. */
export class Demo {
  readonly #options: DemoOptions;
  readonly #cleanUps = new CleanUps();
  /** Aborted by Ctrl-C, and by whatever breaks on its own: the relay, a consumer, a connection. */
  readonly #stop = new AbortController();

  constructor(options: DemoOptions) {
    this.#options = options;
  }

  /** Exit code: 0 only if nothing was lost, duplicated or out of order; 130 when it was interrupted. */
  async run(): Promise<number> {
    process.on("SIGINT", this.#interrupt);
    process.on("SIGTERM", this.#interrupt);
    try {
      return await Promise.race([this.#show(), this.#overdue()]);
    } catch (error) {
      const { aborted, reason } = this.#stop.signal;
      const cause: unknown = aborted ? reason : error;
      if (cause instanceof Interrupted) return EXIT.interrupted;
      complain(`The demo failed: ${cause instanceof Error ? cause.message : String(cause)}`);
      return EXIT.failure;
    } finally {
      await this.#cleanUps.run((problem) => complain(`while stopping: ${problem}`));
    }
  }

  async #show(): Promise<number> {
    const stage = await setStage(process.env, {
      stop: this.#stop.signal,
      cleanUps: this.#cleanUps,
      fail: (error) => this.#stop.abort(error),
      say,
    });
    const run = new ShopRun(stage, this.#options.seconds * 1000);
    this.#cleanUps.add("the shop", () => run.end());
    const verdict = await run.play();
    say(`\nCounted in Postgres and Kafka, not by the relay:\n\n${verdictTable(verdict)}\n`);
    if (isClean(verdict)) {
      say("Every committed event was published exactly once and in order.\n");
    } else {
      say("SOMETHING IS WRONG: see the lines above.\n");
    }
    if (this.#options.isKept) {
      say(addresses(stage));
      await run.hold();
    }
    return isClean(verdict) ? EXIT.clean : EXIT.failure;
  }

  readonly #interrupt = (): void => {
    // The second time at once: the guards of the services end what is left.
    if (this.#stop.signal.reason instanceof Interrupted) process.exit(EXIT.interrupted);
    say("\nInterrupted: stopping everything that was started ...\n");
    this.#stop.abort(new Interrupted());
  };

  #overdue(): Promise<never> {
    const { signal } = this.#stop;
    return new Promise((_, reject) => {
      signal.addEventListener("abort", () => {
        setTimeout(() => reject(signal.reason as Error), SETTLE_MS).unref();
      });
    });
  }
}

function addresses({ url, brokers, topic, relay }: Stage): string {
  const insert =
    "insert into outbox (aggregatetype, aggregateid, type, payload) " +
    "values ('order', 'customer-0-0', 'OrderPlaced', jsonb_build_object('amount', 42))";
  return `
Everything is left running, the shop closed, until Ctrl-C:

  Postgres       ${url}
  Kafka          ${brokers}
  topic          ${topic}
  relay status   ${relay.address}/status
  relay metrics  ${relay.address}/metrics
  relay log      ${relay.logFile}

Place an event by hand, and watch the groups receive it:

  psql '${url}' \\
    -c "${insert}"

`;
}

function say(text: string): void {
  process.stdout.write(text);
}

function complain(text: string): void {
  process.stderr.write(`\n${text}\n`);
}
