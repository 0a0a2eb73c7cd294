import type { Clock } from "../relay/clock.ts";
import { RelayError } from "../relay/errors.ts";
import { apiVersionsRequest, readApiVersions } from "./api/api-versions.ts";
import { API_DESCRIBE_TRANSACTIONS } from "./api/describe-transactions.ts";
import type { ProducerIdentity } from "./api/init-producer-id.ts";
import { initProducerIdRequest, readProducerId } from "./api/init-producer-id.ts";
import type { BrokerChannel, BrokerId } from "./broker-channel.ts";
import { tooOld, versionsFault } from "./broker-versions.ts";
import type { Cluster } from "./cluster.ts";
import { COORDINATOR_PATIENCE_MS } from "./cluster.ts";
import { ERROR } from "./error-code.ts";
import { kafkaError, openingGivenUp, transactionUnfinished } from "./kafka-error.ts";
import { Patience } from "./patience.ts";
import { transactionLogFault } from "./transaction-log.ts";
import { TransactionalId } from "./transactional-id.ts";
import type { TransactionProtocol } from "./transactional-producer.ts";

const API_PRODUCE = 0;
const TRANSACTION_VERSION_2 = 2;
const INVALID_TRANSACTION_TIMEOUT = 50;
/** Predecessor's transaction being ended, or a coordinator that moves: ask again. */
const BUSY: ReadonlySet<number> = new Set([
  ERROR.concurrentTransactions,
  ERROR.coordinatorLoadInProgress,
  ERROR.coordinatorNotAvailable,
  ERROR.notCoordinator,
]);

export interface FenceOptions {
  readonly delivery: "exactly-once" | "at-least-once";
  readonly transactionalIdPrefix: string;
  readonly transactionalIds: number;
  readonly transactionTimeoutMs: number;
  readonly transactionProtocol: "auto" | TransactionProtocol;
  readonly requestTimeoutMs: number;
}

/** Takes transactional ids away from the producer that has them. */
export class Fence {
  readonly #channel: BrokerChannel;
  readonly #cluster: Cluster;
  readonly #clock: Clock;
  readonly #options: FenceOptions;

  constructor(channel: BrokerChannel, cluster: Cluster, clock: Clock, options: FenceOptions) {
    this.#channel = channel;
    this.#cluster = cluster;
    this.#clock = clock;
    this.#options = options;
  }

  /** The newer protocol where the cluster has finalized it (KIP-890), unless the settings say otherwise. Throws RelayError for brokers that are too old. */
  async protocol(): Promise<{ name: TransactionProtocol; describesTransactions: boolean }> {
    const answer = await this.#channel.request("any", "coordinator", apiVersionsRequest());
    const { maxVersions, transactionVersion } = readApiVersions(answer);
    const fault = versionsFault({ maxVersions }, this.#channel.bootstrap ?? "the brokers' address");
    if (fault !== null) throw fault;
    const produce = maxVersions.get(API_PRODUCE) ?? 0;
    const describesTransactions = maxVersions.has(API_DESCRIBE_TRANSACTIONS);
    const { transactionProtocol } = this.#options;
    const offered = transactionVersion >= TRANSACTION_VERSION_2 && produce >= 12 ? "v2" : "v1";
    if (transactionProtocol === "auto") return { name: offered, describesTransactions };
    if (transactionProtocol === "v2" && offered === "v1") {
      throw tooOld(
        "RELAY_TRANSACTION_PROTOCOL is v2, and the feature transaction.version is below 2",
      );
    }
    return { name: transactionProtocol, describesTransactions };
  }

  /** The ids that this relay publishes under. */
  get ours(): readonly string[] {
    const { delivery, transactionalIdPrefix: prefix, transactionalIds: count } = this.#options;
    // Without transactions there is no turn to take: one id, for the sake of its epoch.
    const needed = delivery === "exactly-once" ? count : 1;
    return Array.from({ length: needed }, (_, i) => `${prefix}-${i}`);
  }

  /**
   * `InitProducerId` for each id. Once it has answered, whatever a predecessor had open under it is committed or aborted
   * for ever, markers included, and its later requests are refused.
   */
  take(names: readonly string[], signal: AbortSignal): Promise<readonly TransactionalId[]> {
    return Promise.all(names.map((name) => this.#take(name, signal)));
  }

  async #take(name: string, signal: AbortSignal): Promise<TransactionalId> {
    const patience = new Patience(this.#clock, this.#options.requestTimeoutMs, signal);
    const sinceMs = this.#clock.monotonicMs();
    for (;;) {
      const coordinator = await this.#cluster.coordinator(name, signal);
      // A relay that has lost the slot meanwhile must not take the ids from its successor.
      if (signal.aborted) throw openingGivenUp();
      const answer = await this.#init(coordinator, name);
      if (answer.error === ERROR.none) return new TransactionalId(name, coordinator, answer);
      if (answer.error === INVALID_TRANSACTION_TIMEOUT) throw this.#timeoutTooLong();
      const problem = (): RelayError =>
        answer.error === ERROR.concurrentTransactions
          ? transactionUnfinished("InitProducerId", name)
          : kafkaError(`InitProducerId for ${name}`, answer.error, "retry");
      if (!BUSY.has(answer.error)) throw problem();
      if (answer.error === ERROR.coordinatorNotAvailable) await this.#assertLogWorks(sinceMs);
      await patience.again(problem);
    }
  }

  /** A coordinator that cannot write its log answers as if it were away, for ever. */
  async #assertLogWorks(sinceMs: number): Promise<void> {
    const patienceMs = Math.min(COORDINATOR_PATIENCE_MS, this.#options.requestTimeoutMs / 2);
    if (this.#clock.monotonicMs() - sinceMs < patienceMs) return;
    const fault = await transactionLogFault(this.#channel, true);
    if (fault !== null) throw fault;
  }

  async #init(coordinator: BrokerId, name: string): Promise<ProducerIdentity & { error: number }> {
    const request = initProducerIdRequest(name, this.#options.transactionTimeoutMs);
    return readProducerId(await this.#channel.request(coordinator, "coordinator", request));
  }

  #timeoutTooLong(): RelayError {
    const { transactionTimeoutMs } = this.#options;
    return new RelayError(
      `RELAY_TRANSACTION_TIMEOUT is ${transactionTimeoutMs} ms, more than the brokers allow (transaction.max.timeout.ms)`,
      {
        code: "CONFIG_TRANSACTION_TIMEOUT",
        remedy: "halt",
        hint: "Lower RELAY_TRANSACTION_TIMEOUT, or raise transaction.max.timeout.ms on the brokers.",
      },
    );
  }
}
