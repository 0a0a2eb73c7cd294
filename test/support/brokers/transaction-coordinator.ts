import type { ProducerIdentity } from "../../../src/kafka/api/init-producer-id.ts";
import { ERROR } from "../../../src/kafka/error-code.ts";
import type { Clock } from "../../../src/relay/clock.ts";
import type { PartitionLog } from "./partition-log.ts";

const INVALID_TXN_STATE = 48;
const INVALID_PRODUCER_ID_MAPPING = 49;
const INVALID_TRANSACTION_TIMEOUT = 50;
const TRANSACTION_ABORTABLE = 120;
/** The last epoch is kept for the broker itself. */
const EPOCH_MAX = 32_766;
const MARKER_RETRY_MS = 10;

export type State =
  | "empty"
  | "ongoing"
  | "prepare-commit"
  | "prepare-abort"
  | "complete-commit"
  | "complete-abort";

interface Transaction {
  producerId: bigint;
  epoch: number;
  /** Before the newer protocol's EndTxn raised it: a repetition still carries it. */
  endedAs: ProducerIdentity | null;
  state: State;
  timeoutMs: number;
  startedMs: number;
  /** When the coordinator heard of it last. */
  touchedMs: number;
  readonly partitions: Set<PartitionLog>;
}

export interface CoordinatorSettings {
  /** `transaction.max.timeout.ms`. */
  readonly timeoutMsMax: number;
  /** How long a marker takes to its partition. */
  markerDelayMs(): number;
  /** Whether the partition has a leader that can take a marker now. */
  isWritable(log: PartitionLog): boolean;
  /** A transaction's end is decided; its markers follow. */
  decided(partitions: ReadonlySet<PartitionLog>, producerId: bigint, isCommit: boolean): void;
}

type Answer = ProducerIdentity & { readonly error: number };

/**
 * Transactions of a cluster, as Kafka's TransactionCoordinator and TransactionStateManager keep them. State is durable:
 * it survives brokers. An EndTxn is answered before the markers are written.
 */
export class TransactionCoordinator {
  readonly #clock: Clock;
  readonly #settings: CoordinatorSettings;
  readonly #transactions = new Map<string, Transaction>();
  #nextProducerId = 1000n;

  constructor(clock: Clock, settings: CoordinatorSettings) {
    this.#clock = clock;
    this.#settings = settings;
  }

  initProducerId(name: string | null, timeoutMs: number): Answer {
    if (name === null) return this.#answer({ producerId: this.#newProducerId(), epoch: 0 });
    if (timeoutMs > this.#settings.timeoutMsMax) return refusal(INVALID_TRANSACTION_TIMEOUT);
    const known = this.#transactions.get(name);
    if (known === undefined) return this.#answer(this.#create(name, timeoutMs));
    if (isPending(known)) return refusal(ERROR.concurrentTransactions);
    if (known.state === "ongoing") {
      this.#abort(known);
      return refusal(ERROR.concurrentTransactions);
    }
    this.#raiseEpoch(known);
    known.endedAs = null;
    known.touchedMs = this.#clock.monotonicMs();
    known.state = "empty";
    known.timeoutMs = timeoutMs;
    return this.#answer(known);
  }

  /** AddPartitionsToTxn of the older protocol. */
  add(name: string, identity: ProducerIdentity, partitions: readonly PartitionLog[]): number {
    const found = this.#of(name, identity, ERROR.producerFenced);
    if (typeof found === "number") return found;
    if (isPending(found)) return ERROR.concurrentTransactions;
    this.#addTo(found, partitions);
    return ERROR.none;
  }

  /** What a transactional Produce means for its partition: version 12 adds it, before that it must have been added. */
  admit(name: string, identity: ProducerIdentity, log: PartitionLog, isAdding: boolean): number {
    const found = this.#of(name, identity, ERROR.invalidProducerEpoch);
    if (typeof found === "number") return found;
    if (!isAdding) {
      const isThere = found.state === "ongoing" && found.partitions.has(log);
      return isThere ? ERROR.none : TRANSACTION_ABORTABLE;
    }
    if (isPending(found)) return ERROR.concurrentTransactions;
    this.#addTo(found, [log]);
    return ERROR.none;
  }

  /** EndTxn of the older protocol: it cannot tell a late request from one of the transaction that is open now. */
  endV1(name: string, identity: ProducerIdentity, isCommit: boolean): number {
    const found = this.#of(name, identity, ERROR.producerFenced);
    if (typeof found === "number") return found;
    if (found.state === "ongoing") {
      this.#prepare(found, isCommit);
      return ERROR.none;
    }
    return repetition(found.state, isCommit);
  }

  /** EndTxn of the newer protocol (KIP-890): raises the epoch, so that a repetition is recognised. */
  endV2(name: string, identity: ProducerIdentity, isCommit: boolean): Answer {
    const known = this.#transactions.get(name);
    const { endedAs } = known ?? { endedAs: null };
    const isRepetition =
      endedAs !== null &&
      endedAs.producerId === identity.producerId &&
      endedAs.epoch === identity.epoch;
    if (known !== undefined && isRepetition) {
      const error =
        known.state === "ongoing" ? ERROR.producerFenced : repetition(known.state, isCommit);
      return error === ERROR.none ? this.#answer(known) : refusal(error);
    }
    const found = this.#of(name, identity, ERROR.producerFenced);
    if (typeof found === "number") return refusal(found);
    if (found.state !== "ongoing") return refusal(INVALID_TXN_STATE);
    const ended = { producerId: found.producerId, epoch: found.epoch };
    const isExhausted = found.epoch >= EPOCH_MAX;
    found.epoch += 1;
    const marked = { producerId: found.producerId, epoch: found.epoch };
    if (isExhausted) {
      found.producerId = this.#newProducerId();
      found.epoch = 0;
    }
    found.endedAs = ended;
    this.#prepare(found, isCommit, marked);
    return this.#answer(found);
  }

  /** Aborts what is open for longer than its time-out. */
  expire(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const transaction of this.#transactions.values()) {
      const ageMs = nowMs - transaction.startedMs;
      if (transaction.state === "ongoing" && ageMs >= transaction.timeoutMs)
        this.#abort(transaction);
    }
  }

  /** As after `transactional.id.expiration.ms`: ids of which nothing was heard for so long are forgotten. */
  forgetIdle(idleMs: number): void {
    const nowMs = this.#clock.monotonicMs();
    for (const [name, transaction] of [...this.#transactions]) {
      if (nowMs - transaction.touchedMs < idleMs) continue;
      if (transaction.state !== "ongoing" && !isPending(transaction))
        this.#transactions.delete(name);
    }
  }

  /** What is known of an id; null for an unknown one. */
  describe(name: string): Readonly<Transaction> | null {
    return this.#transactions.get(name) ?? null;
  }

  /** How many transactions are open or wait for their markers. */
  get undecided(): number {
    return [...this.#transactions.values()].filter(
      (one) => one.state === "ongoing" || isPending(one),
    ).length;
  }

  #create(name: string, timeoutMs: number): Transaction {
    const transaction: Transaction = {
      producerId: this.#newProducerId(),
      epoch: 0,
      endedAs: null,
      state: "empty",
      timeoutMs,
      startedMs: 0,
      touchedMs: this.#clock.monotonicMs(),
      partitions: new Set(),
    };
    this.#transactions.set(name, transaction);
    return transaction;
  }

  #of(name: string, { producerId, epoch }: ProducerIdentity, fenced: number): Transaction | number {
    const found = this.#transactions.get(name);
    if (found?.producerId !== producerId) return INVALID_PRODUCER_ID_MAPPING;
    return found.epoch === epoch ? found : fenced;
  }

  #addTo(transaction: Transaction, partitions: readonly PartitionLog[]): void {
    transaction.touchedMs = this.#clock.monotonicMs();
    if (transaction.state !== "ongoing") {
      transaction.state = "ongoing";
      transaction.startedMs = this.#clock.monotonicMs();
      transaction.partitions.clear();
    }
    for (const log of partitions) transaction.partitions.add(log);
  }

  /** Fences the producer that had it open. */
  #abort(transaction: Transaction): void {
    const { producerId, epoch } = transaction;
    const marked = { producerId, epoch: epoch + 1 };
    this.#raiseEpoch(transaction);
    // An end that comes now has the epoch before, as a repetition would.
    transaction.endedAs = { producerId, epoch };
    this.#prepare(transaction, false, marked);
  }

  #raiseEpoch(transaction: Transaction): void {
    if (transaction.epoch < EPOCH_MAX) {
      transaction.epoch += 1;
      return;
    }
    transaction.producerId = this.#newProducerId();
    transaction.epoch = 0;
  }

  #prepare(
    transaction: Transaction,
    isCommit: boolean,
    marked: ProducerIdentity = transaction,
  ): void {
    const { producerId, epoch } = marked;
    transaction.state = isCommit ? "prepare-commit" : "prepare-abort";
    this.#settings.decided(transaction.partitions, producerId, isCommit);
    const left = new Set(transaction.partitions);
    const done = (): void => {
      if (left.size === 0) transaction.state = isCommit ? "complete-commit" : "complete-abort";
    };
    for (const log of left) {
      this.#mark(log, producerId, epoch, isCommit, () => {
        left.delete(log);
        done();
      });
    }
    done();
  }

  #mark(
    log: PartitionLog,
    producerId: bigint,
    epoch: number,
    isCommit: boolean,
    written: () => void,
  ): void {
    const attempt = (): void => {
      if (!this.#settings.isWritable(log)) {
        this.#clock.after(MARKER_RETRY_MS, attempt);
        return;
      }
      log.mark(producerId, epoch, isCommit, Math.floor(this.#clock.wallMs()));
      written();
    };
    this.#clock.after(this.#settings.markerDelayMs(), attempt);
  }

  #newProducerId(): bigint {
    this.#nextProducerId += 1n;
    return this.#nextProducerId;
  }

  #answer({ producerId, epoch }: ProducerIdentity): Answer {
    return { error: ERROR.none, producerId, epoch };
  }
}

function isPending({ state }: Transaction): boolean {
  return state === "prepare-commit" || state === "prepare-abort";
}

/** What an EndTxn is told that comes when the transaction is ended already. */
function repetition(state: State, isCommit: boolean): number {
  switch (state) {
    case "prepare-commit":
      return isCommit ? ERROR.concurrentTransactions : INVALID_TXN_STATE;
    case "prepare-abort":
      return isCommit ? INVALID_TXN_STATE : ERROR.concurrentTransactions;
    case "complete-commit":
      return isCommit ? ERROR.none : INVALID_TXN_STATE;
    case "complete-abort":
      return isCommit ? INVALID_TXN_STATE : ERROR.none;
    case "empty":
    case "ongoing":
      return INVALID_TXN_STATE;
  }
}

function refusal(error: number): Answer {
  return { error, producerId: -1n, epoch: -1 };
}
