import type { Logger } from "pino";
import type { RelayError } from "../relay/errors.ts";
import type { Finding } from "../relay/finding.ts";
import type { RelayState, StateListener } from "../relay/state.ts";
import { errorFields } from "./logger.ts";
import type { ObserverLog } from "./metrics.ts";
import type { AlarmLog } from "./slot-alarms.ts";

/** The relay's log: one line for each change of state, and one for each error or warning until it changes. */
export class RelayLog implements StateListener, ObserverLog, AlarmLog {
  readonly #logger: Logger;
  readonly #said = new Map<string, string>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  stateChanged({ name, reason }: RelayState): void {
    const fields = { state: name, ...(reason !== null && errorFields(reason)) };
    if (name === "failed") this.#logger.error(fields, reason?.message ?? "failed");
    else if (reason !== null) this.#logger.warn(fields, reason.message);
    else this.#logger.info(fields, `state is ${name}`);
    if (name === "streaming" && reason === null) this.#said.clear();
  }

  warning(finding: Finding): void {
    const { code, hint, message } = finding;
    if (this.#isNew(`warning ${code}`, message)) this.#logger.warn({ code, hint }, message);
  }

  error(where: string, error: RelayError): void {
    if (!this.#isNew(`${where} ${error.code}`, error.message)) return;
    this.#logger.warn({ where, remedy: error.remedy, ...errorFields(error) }, error.message);
  }

  /** What was warned of has passed; the next warning of the kind is told again. */
  passed(code: Finding["code"], message: string): void {
    this.#said.delete(`warning ${code}`);
    this.#logger.info({ code }, message);
  }

  #isNew(subject: string, message: string): boolean {
    if (this.#said.get(subject) === message) return false;
    this.#said.set(subject, message);
    return true;
  }
}
