import type { Logger } from "pino";
import type { BackfillProgress } from "../relay/backfill/backfilled-stream.ts";
import type { PublishedEvent } from "../relay/backfill/published-events.ts";
import type { RelayError } from "../relay/errors.ts";
import type { Finding } from "../relay/finding.ts";
import { inertFinding } from "../relay/finding.ts";
import { inert, shown } from "../relay/inert-text.ts";
import { formatLsn } from "../relay/lsn.ts";
import type { MovedRows } from "../relay/observer.ts";
import type { RelayState, StateListener } from "../relay/state.ts";
import { errorFields } from "./logger.ts";
import type { ObserverLog } from "./metrics/metrics.ts";
import type { RecentErrors } from "./recent-errors.ts";
import type { AlarmLog } from "./slot-alarms.ts";

/** The relay's log: one line for each change of state, and one for each error or warning until it changes. */
export class RelayLog implements StateListener, ObserverLog, AlarmLog {
  readonly #logger: Logger;
  readonly #recent: RecentErrors;
  readonly #said = new Map<string, string>();

  constructor(logger: Logger, recent: RecentErrors) {
    this.#logger = logger;
    this.#recent = recent;
  }

  stateChanged({ name, reason }: RelayState): void {
    if (reason !== null) this.#recent.note(reason);
    const fields = { state: name, ...(reason !== null && errorFields(reason)) };
    if (name === "failed") this.#logger.error(fields, reason?.message ?? "failed");
    else if (reason !== null) this.#logger.warn(fields, reason.message);
    else this.#logger.info(fields, `state is ${name}`);
    if (name === "streaming" && reason === null) this.#said.clear();
  }

  /** One line each: an id is needed to look at what a consumer did with it. */
  phantom({ id, topic, partition, offset, position }: PublishedEvent): void {
    this.#logger.warn(
      {
        code: "EVENT_PHANTOM",
        id: shown(id),
        topic: shown(topic),
        partition,
        offset: String(offset),
        position,
      },
      "an event was published and is gone from the database since the failover",
    );
  }

  /** One line for each transaction. */
  moved({ commitLsn, rows, id, index }: MovedRows): void {
    this.#logger.info(
      { rows, id, commit: formatLsn(commitLsn), row: index },
      "rows moved to another partition of the outbox table: they are no new events, and are not published again",
    );
  }

  backfilled({ candidates, skipped, sent }: BackfillProgress): void {
    const tenth = candidates === 0 ? 10 : Math.floor(((skipped + sent) * 10) / candidates);
    if (!this.#isNew("backfill", `${candidates} ${tenth}`)) return;
    this.#logger.info(
      { candidates, skipped, sent },
      "rows from before the slot are being published",
    );
  }

  backfillEnded(): void {
    this.#logger.info("all rows from before the slot are published");
  }

  note(message: string): void {
    this.#logger.info(inert(message));
  }

  warning(finding: Finding): void {
    const told = inertFinding(finding);
    const { code, hint, message } = told;
    this.#recent.add(told);
    if (this.#isNew(`warning ${code}`, message)) this.#logger.warn({ code, hint }, message);
  }

  error(where: string, error: RelayError): void {
    this.#recent.add(error);
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
