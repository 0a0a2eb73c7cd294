import type { ClientConfig } from "pg";
import type { BackfillRows } from "../relay/backfill/backfill-rows.ts";
import type {
  BackfillStream,
  ReplicationSource,
  ReplicationStream,
  RowsBesideSlot,
  StreamHandlers,
} from "../relay/capture/replication-stream.ts";
import type { Clock } from "../relay/clock.ts";
import type { Shard } from "../relay/shard.ts";
import type { Watermark } from "../relay/watermark.ts";
import { BackfillOpening } from "./backfill/backfill-opening.ts";
import { firstHost } from "./first-host.ts";
import type { HostSession } from "./host-list.ts";
import { hostSessions } from "./host-list.ts";
import { HostOrder } from "./host-order.ts";
import type { RowFilterPolicy } from "./preflight/publication-findings.ts";
import type { ColumnNames } from "./start-command.ts";
import type { AttemptOptions } from "./stream-attempt.ts";
import { StreamAttempt } from "./stream-attempt.ts";
import type { TableName } from "./table-name.ts";
import { parseTableName } from "./table-name.ts";
import type { TlsOptions } from "./tls.ts";

const CREATE_TIMEOUT_MS = 30_000;

/** Which database, slot and tables; shared by the stream and the control connection. */
export interface PostgresOptions {
  /** A connection string, or its parts as `pg` takes them. */
  readonly connectionString: string | ClientConfig;
  /** Default: `prefer` without certificates. */
  readonly tls?: TlsOptions;
  readonly slot: string;
  readonly publications: readonly string[];
  /** `schema.table`; quotes around names that hold a dot. */
  readonly tables: readonly string[];
  readonly columns: ColumnNames;
  /** Whether a setting names the headers column, so that each table must have it. Default: no. */
  readonly areHeadersRequired?: boolean;
  /** Of the rows only those are ours whose keys are this shard's. Default: all. */
  readonly shard?: Shard | null;
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
  /** For a slot that is made with a backfill: see `SourceDatabaseOptions`. */
  readonly slotFailover?: boolean | "auto";
  /** Whether the publication may leave rows out: a backfill leaves out the same. Default: refuse. */
  readonly rowFilter?: RowFilterPolicy;
  /** How long making it may wait for transactions that are writing; default 30 s. */
  readonly createTimeoutMs?: number;
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
  #isTextOnly = false;

  /** Throws RelayError for a connection string or a table name that cannot be read. */
  constructor(options: ReplicationSourceOptions, clock: Clock) {
    this.#options = options;
    this.#hostOrder = options.hostOrder ?? new HostOrder();
    const { connectionString, applicationName, tls } = options;
    this.#sessions = hostSessions(connectionString, applicationName, {}, tls);
    this.#tables = options.tables.map(parseTableName);
    this.#clock = clock;
  }

  /** A fresh connection and service object each time: a used one would go on where it had read to. */
  async open(handlers: StreamHandlers, signal: AbortSignal): Promise<ReplicationStream> {
    const isGivenUp = (): boolean => signal.aborted;
    return firstHost(this.#hostOrder.of(this.#sessions), isGivenUp, (session) =>
      this.#attempt(session, handlers).open(signal),
    );
  }

  /** The rows that a backfill would look at now; changes nothing. The caller closes them. */
  planBackfill(since: Watermark | null, signal: AbortSignal): Promise<BackfillRows> {
    const isGivenUp = (): boolean => signal.aborted;
    return firstHost(this.#hostOrder.of(this.#sessions), isGivenUp, async (session) => {
      const opening = this.#opening(session, since);
      try {
        return await untilAborted(opening, signal, () => opening.plan());
      } catch (error) {
        await opening.giveUp();
        throw error;
      }
    });
  }

  assertReadable(signal: AbortSignal): Promise<void> {
    const isGivenUp = (): boolean => signal.aborted;
    return firstHost(this.#hostOrder.of(this.#sessions), isGivenUp, async (session) => {
      const opening = this.#opening(session, null);
      try {
        await untilAborted(opening, signal, () => opening.prove());
      } finally {
        await opening.giveUp();
      }
    });
  }

  useText(): boolean {
    const isNew = !this.#isTextOnly;
    this.#isTextOnly = true;
    return isNew;
  }

  readBesideSlot(
    since: Watermark | null,
    made: Watermark,
    signal: AbortSignal,
  ): Promise<RowsBesideSlot> {
    const isGivenUp = (): boolean => signal.aborted;
    return firstHost(this.#hostOrder.of(this.#sessions), isGivenUp, async (session) => {
      const opening = this.#opening(session, since);
      try {
        return await untilAborted(opening, signal, () => opening.readBeside(made));
      } catch (error) {
        await opening.giveUp();
        throw error;
      }
    });
  }

  openBackfill(
    since: Watermark | null,
    handlers: StreamHandlers,
    signal: AbortSignal,
  ): Promise<BackfillStream> {
    const isGivenUp = (): boolean => signal.aborted;
    return firstHost(this.#hostOrder.of(this.#sessions), isGivenUp, async (session) => {
      const opening = this.#opening(session, since);
      let stream: ReplicationStream | null = null;
      try {
        const attempt = this.#attempt(session, handlers, (client) => opening.prepare(client));
        stream = await attempt.open(signal);
        return { stream, rows: await untilAborted(opening, signal, () => opening.read()) };
      } catch (error) {
        await Promise.all([stream?.close(), opening.giveUp()]);
        throw error;
      }
    });
  }

  #opening(session: HostSession, since: Watermark | null): BackfillOpening {
    const { slotFailover = false, createTimeoutMs = CREATE_TIMEOUT_MS } = this.#options;
    const { slot, publications, columns, shard = null, connectTimeoutMs } = this.#options;
    const context = { address: session.address, slot, publications };
    const isFiltered = shard === null && this.#options.rowFilter === "allow";
    const table = { columns, shard, isFiltered };
    const settings = { slot, slotFailover, createTimeoutMs, connectTimeoutMs, context, ...table };
    const parts = { session, clock: this.#clock, tables: this.#tables };
    return new BackfillOpening({ ...settings, ...parts }, since);
  }

  #attempt(
    session: HostSession,
    handlers: StreamHandlers,
    prepare?: AttemptOptions["prepare"],
  ): StreamAttempt {
    return new StreamAttempt({
      ...this.#options,
      ...(prepare !== undefined && { prepare }),
      tables: this.#tables,
      isTextOnly: this.#isTextOnly,
      session,
      clock: this.#clock,
      handlers,
    });
  }
}

/** Counting and sorting a large table takes its time, and no time-out of the server ends it. */
async function untilAborted<T>(
  opening: BackfillOpening,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  const cut = (): void => void opening.giveUp();
  signal.addEventListener("abort", cut, { once: true });
  try {
    return await work();
  } finally {
    signal.removeEventListener("abort", cut);
  }
}
