import type { Clock } from "../relay/clock.ts";
import { brokenAnswer } from "./api/answer.ts";
import type { TransactionDescription } from "./api/describe-transactions.ts";
import { describeTransactionsRequest, readTransactions } from "./api/describe-transactions.ts";
import { endTxnV5Request, readEndTxnV5 } from "./api/end-txn.ts";
import type { BrokerChannel } from "./broker-channel.ts";
import type { Cluster } from "./cluster.ts";
import { ERROR } from "./error-code.ts";
import { kafkaError, openingGivenUp } from "./kafka-error.ts";
import { Patience } from "./patience.ts";

/** With fewer ids it could not be told which of two neighbours came first. */
export const OVERLAPPING_IDS_MIN = 3;

const MOVING: ReadonlySet<number> = new Set([
  ERROR.coordinatorLoadInProgress,
  ERROR.coordinatorNotAvailable,
  ERROR.notCoordinator,
]);

/** An id that nobody has used yet is unknown; one that is not ours to look at cannot be taken either. */
const NOTHING_TO_FINISH: ReadonlySet<number> = new Set([
  ERROR.transactionalIdNotFound,
  ERROR.transactionalIdAuthorizationFailed,
]);

interface Opened extends TransactionDescription {
  /** Broker id. */
  readonly coordinator: number;
}

/**
 * The commit that a predecessor had asked for, where the request got lost with it or with the coordinator.
 *
 * A relay writes its next transaction while the one before it commits, so it may leave two open. The earlier one is
 * complete: its EndTxn was on its way before the first record of the later one. Were both aborted, consumers on kafkajs
 * would see records of them (`TransactionalProducer`). So before the ids are taken, which aborts what is open under them,
 * the earlier one is committed, with the producer id and epoch that it has. Only for the newer protocol, in which a
 * transaction has an epoch of its own (KIP-890), so that a late EndTxn cannot end another one.
 */
export class LeftCommit {
  readonly #channel: BrokerChannel;
  readonly #cluster: Cluster;
  readonly #clock: Clock;
  /** How long coordinators may be looked for, ms. */
  readonly #deadlineMs: number;

  constructor(channel: BrokerChannel, cluster: Cluster, clock: Clock, deadlineMs: number) {
    this.#channel = channel;
    this.#cluster = cluster;
    this.#clock = clock;
    this.#deadlineMs = deadlineMs;
  }

  /** `names`: the ids of one predecessor in the order of their turns. Rejects with RelayError. */
  async finish(names: readonly string[], signal: AbortSignal): Promise<void> {
    if (names.length < OVERLAPPING_IDS_MIN) return;
    const found = await Promise.all(names.map((name) => this.#describe(name, signal)));
    const earlier = earlierOfTwo(found);
    if (earlier !== null) await this.#commit(earlier, signal);
  }

  async #describe(name: string, signal: AbortSignal): Promise<Opened | null> {
    const patience = new Patience(this.#clock, this.#deadlineMs, signal);
    for (;;) {
      const coordinator = await this.#cluster.coordinator(name, signal);
      if (signal.aborted) throw openingGivenUp();
      const request = describeTransactionsRequest([name]);
      const [answer] = readTransactions(
        await this.#channel.request(coordinator, "coordinator", request),
      );
      if (answer === undefined) throw brokenAnswer(`DescribeTransactions without ${name}`);
      if (answer.error === ERROR.none) return answer.isOpen ? { ...answer, coordinator } : null;
      if (NOTHING_TO_FINISH.has(answer.error)) return null;
      if (!MOVING.has(answer.error))
        throw kafkaError(`DescribeTransactions for ${name}`, answer.error, "retry");
      await patience.again(() =>
        kafkaError(`DescribeTransactions for ${name}`, answer.error, "retry"),
      );
    }
  }

  /** Whatever the answer is: the ids are taken next, and that settles what is still open. */
  async #commit(open: Opened, signal: AbortSignal): Promise<void> {
    const patience = new Patience(this.#clock, this.#deadlineMs, signal);
    const request = endTxnV5Request(open.transactionalId, open);
    while (!signal.aborted) {
      const answer = await this.#channel.request(open.coordinator, "coordinator", request);
      const { error } = readEndTxnV5(answer);
      const isPending = error === ERROR.concurrentTransactions || MOVING.has(error);
      if (!isPending || patience.isOver) return;
      await patience.again(() => kafkaError(`EndTxn for ${open.transactionalId}`, error, "retry"));
    }
    throw openingGivenUp();
  }
}

/** Of two open ones that had their turn one after the other; null for anything else, which nobody leaves. */
function earlierOfTwo(ids: readonly (Opened | null)[]): Opened | null {
  const open = ids.flatMap((id, turn) => (id === null ? [] : [turn]));
  if (open.length !== 2) return null;
  const [first = 0, second = 0] = open;
  const isNext = (turn: number, after: number): boolean => (turn + 1) % ids.length === after;
  if (isNext(first, second)) return ids[first] ?? null;
  return isNext(second, first) ? (ids[second] ?? null) : null;
}
