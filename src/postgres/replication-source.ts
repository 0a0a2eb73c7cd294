import type { ClientConfig } from "pg";
import type {
  ReplicationSource,
  ReplicationStream,
  StreamHandlers,
} from "../relay/capture/replication-stream.ts";
import type { Clock } from "../relay/clock.ts";
import { firstHost } from "./first-host.ts";
import type { HostSession } from "./host-list.ts";
import { hostSessions } from "./host-list.ts";
import { HostOrder } from "./host-order.ts";
import type { ColumnNames } from "./start-command.ts";
import { StreamAttempt } from "./stream-attempt.ts";
import type { TableName } from "./table-name.ts";
import { parseTableName } from "./table-name.ts";

/** Which database, slot and tables; shared by the stream and the control connection. */
export interface PostgresOptions {
  /** A connection string, or its parts as `pg` takes them. */
  readonly connectionString: string | ClientConfig;
  readonly slot: string;
  readonly publications: readonly string[];
  /** `schema.table`; quotes around names that hold a dot. */
  readonly tables: readonly string[];
  readonly columns: ColumnNames;
  /** Until a connection is ready for use. */
  readonly connectTimeoutMs: number;
  /** Seen in `pg_stat_activity` and `pg_stat_replication`: `relay:<instance>`. */
  readonly applicationName: string;
  /** One for the stream and the control connection of a relay. */
  readonly hostOrder?: HostOrder;
}

export interface ReplicationSourceOptions extends PostgresOptions {
  /** Asked for on the stream's session; bounds how long a vanished relay keeps the slot. 0 means never. */
  readonly walSenderTimeoutMs: number;
  /**
   * Without a byte for this long, although one was asked for, the link is given up; 0 means never.
   * Default: the `wal_sender_timeout` in force.
   */
  readonly deadManMs?: number;
}

/**
 * `pg-logical-replication` 2.5.0 behind our port. The library's defaults lose rows in four ways, so
 * of its machinery only the connection and the message pump are used.
 */
export class PgReplicationSource implements ReplicationSource {
  readonly #options: ReplicationSourceOptions;
  readonly #sessions: readonly HostSession[];
  readonly #hostOrder: HostOrder;
  readonly #tables: readonly TableName[];
  readonly #clock: Clock;

  /** Throws RelayError for a connection string or a table name that cannot be read. */
  constructor(options: ReplicationSourceOptions, clock: Clock) {
    this.#options = options;
    this.#hostOrder = options.hostOrder ?? new HostOrder();
    this.#sessions = hostSessions(options.connectionString, options.applicationName);
    this.#tables = options.tables.map(parseTableName);
    this.#clock = clock;
  }

  /** A fresh connection and service object each time: a used one would go on where it had read to. */
  async open(handlers: StreamHandlers, signal: AbortSignal): Promise<ReplicationStream> {
    const isGivenUp = (): boolean => signal.aborted;
    return firstHost(this.#hostOrder.of(this.#sessions), isGivenUp, (session) => {
      const place = { tables: this.#tables, session, clock: this.#clock };
      return new StreamAttempt({ ...this.#options, ...place, handlers }).open(signal);
    });
  }
}
