import type { Answer, Route } from "./http-server.ts";
import { jsonAnswer, textAnswer } from "./http-server.ts";
import type { RelayView } from "./relay-view.ts";

/** Streaming and standby are both ready: either could do its job. */
const READY_STATES: ReadonlySet<string> = new Set(["streaming", "standby"]);

/**
 * The probes. Liveness never looks at Kafka, Postgres or the slot: restarting the process would not
 * mend them. Readiness bears a fault for a grace period, but leaves at once while draining.
 */
export class Health {
  readonly #view: RelayView;
  readonly #readyGraceMs: number;
  #lastReadyMs = Number.NEGATIVE_INFINITY;

  constructor(view: RelayView, readyGraceMs: number) {
    this.#view = view;
    this.#readyGraceMs = readyGraceMs;
  }

  routes(): [string, Route][] {
    return [
      ["/livez", () => textAnswer(200, "ok")],
      ["/healthz", () => textAnswer(200, "ok")],
      ["/startupz", () => this.#startup()],
      ["/readyz", () => this.#ready(performance.now())],
      ["/leader", () => this.#leader()],
      ["/status", () => jsonAnswer(200, this.#view.status(Date.now()))],
    ];
  }

  #ready(nowMs: number): Answer {
    const { name, reason } = this.#view.relay.state;
    if (READY_STATES.has(name) && reason === null) this.#lastReadyMs = nowMs;
    const isGrace = name !== "draining" && nowMs - this.#lastReadyMs <= this.#readyGraceMs;
    return textAnswer(isGrace ? 200 : 503, reason === null ? name : `${name} ${reason.code}`);
  }

  #startup(): Answer {
    const { name, reason } = this.#view.relay.state;
    const isBooting = name === "starting" && reason === null;
    return textAnswer(isBooting ? 503 : 200, name);
  }

  #leader(): Answer {
    const isLeader = this.#view.relay.session !== null;
    return textAnswer(isLeader ? 200 : 503, isLeader ? "leader" : "standby");
  }
}
