import type { RelayView } from "../relay-view.ts";
import type { Answer, Question, Route } from "./answer.ts";
import { textAnswer } from "./answer.ts";
import type { Check } from "./checks.ts";
import { probeAnswer } from "./checks.ts";
import { Grace } from "./grace.ts";
import type { Watchdog } from "./watchdog.ts";

/** Streaming and standby are both ready: either could do its job. */
const READY_STATES: ReadonlySet<string> = new Set(["streaming", "standby"]);

/**
 * The probes. Liveness never looks at Kafka, Postgres or the slot: restarting the process would not
 * correct them. Readiness bears a fault for a grace period, but leaves at once while draining.
 */
export class Health {
  readonly #view: RelayView;
  readonly #watchdog: Watchdog;
  readonly #state: Grace;
  readonly #postgres: Grace;
  readonly #kafka: Grace;

  constructor(view: RelayView, watchdog: Watchdog, readyGraceMs: number) {
    this.#view = view;
    this.#watchdog = watchdog;
    this.#state = new Grace(readyGraceMs);
    this.#postgres = new Grace(readyGraceMs);
    this.#kafka = new Grace(readyGraceMs);
  }

  routes(): [string, Route][] {
    const live = open((question) =>
      probeAnswer("livez", "ok", this.#watchdog.checks(performance.now()), question),
    );
    return [
      ["/livez", live],
      ["/healthz", live],
      ["/startupz", open((question) => this.#startup(question))],
      ["/readyz", open((question) => this.#ready(performance.now(), question))],
      ["/leader", open(() => this.#leader())],
    ];
  }

  #ready(nowMs: number, question: Question): Answer {
    const { name, reason } = this.#view.relay.state;
    const summary = reason === null ? name : `${name} ${reason.code}`;
    const checks: Check[] = [
      { name: "state", problem: this.#stateProblem(nowMs, summary) },
      {
        name: "postgres",
        problem: this.#postgres.problem(this.#view.slots.isReachable !== false, nowMs, "away"),
      },
      {
        name: "kafka",
        problem: this.#kafka.problem(this.#view.kafka.reachable, nowMs, "away"),
      },
    ];
    return probeAnswer("readyz", summary, checks, question);
  }

  #stateProblem(nowMs: number, summary: string): string | null {
    const { name, reason } = this.#view.relay.state;
    const isWell = READY_STATES.has(name) && reason === null;
    const problem = this.#state.problem(isWell, nowMs, summary);
    return name === "draining" ? summary : problem;
  }

  #startup(question: Question): Answer {
    const { name, reason } = this.#view.relay.state;
    const isBooting = name === "starting" && reason === null;
    const problem = isBooting ? "the first look at Postgres and Kafka is under way" : null;
    return probeAnswer("startupz", name, [{ name: "boot", problem }], question);
  }

  #leader(): Answer {
    const isLeader = this.#view.relay.session !== null;
    return textAnswer(isLeader ? 200 : 503, isLeader ? "leader" : "standby");
  }
}

function open(answer: Route["answer"]): Route {
  return { answer, isOpen: true };
}
