import type { Client, QueryResultRow } from "pg";
import pg from "pg";
import type { BackfillRows } from "../../relay/backfill/backfill-rows.ts";
import type { RowsBesideSlot } from "../../relay/capture/replication-stream.ts";
import type { Clock } from "../../relay/clock.ts";
import type { Lsn } from "../../relay/lsn.ts";
import { LSN_ZERO, lsn, parseLsn } from "../../relay/lsn.ts";
import type { Shard } from "../../relay/shard.ts";
import type { Watermark } from "../../relay/watermark.ts";
import { wireOf } from "../capture-link.ts";
import { explainSlotCreation, wantsFailover } from "../create-slot.ts";
import type { ErrorContext } from "../postgres-error.ts";
import { postgresError } from "../postgres-error.ts";
import type { Ask } from "../preflight/read-facts.ts";
import { SERVER_START } from "../server-identity.ts";
import { serverVersion } from "../server-version.ts";
import type { SessionConfig } from "../session.ts";
import { liftTimeouts, showAllRows, verifySession } from "../session.ts";
import type { ColumnNames } from "../start-command.ts";
import type { TableName } from "../table-name.ts";
import { readBackfillTables } from "./backfill-table.ts";
import { CURSOR, candidatesQuery, countQuery, doubtfulQuery } from "./candidate-query.ts";
import type { BackfillSnapshot } from "./pg-backfill-rows.ts";
import { PgBackfillRows } from "./pg-backfill-rows.ts";
import { readAccess, readRepairFacts } from "./repair-facts.ts";
import { assertAllRowsReadable } from "./repair-findings.ts";
import { assertNotRewritten } from "./rewritten-tables.ts";
import { rowFilters } from "./row-filters.ts";
import { unseen } from "./unseen.ts";
import { xidRange } from "./xid-range.ts";

export interface BackfillOptions {
  readonly session: SessionConfig;
  readonly context: ErrorContext;
  readonly slot: string;
  readonly slotFailover: boolean | "auto";
  readonly tables: readonly TableName[];
  readonly columns: ColumnNames;
  readonly shard: Shard | null;
  /** The row filters of the publications are wanted, so that what they leave out is left out here, too. */
  readonly isFiltered: boolean;
  readonly connectTimeoutMs: number;
  /** How long the slot's creation may wait for transactions that are writing. */
  readonly createTimeoutMs: number;
  readonly clock: Clock;
}

/** A server lists the options of a new slot in parentheses from 15 on. */
const VERSION_WITH_OPTIONS = 150000;

/**
 * Makes the slot and reads the tables under the snapshot that Postgres exports with it: what the snapshot shows and what
 * the slot brings are everything, and nothing is in both (measured).
 */
export class BackfillOpening {
  readonly #options: BackfillOptions;
  readonly #since: Watermark | null;
  readonly #client: Client;
  #until: Lsn = LSN_ZERO;
  #rows: PgBackfillRows | null = null;

  constructor(options: BackfillOptions, since: Watermark | null) {
    this.#options = options;
    this.#since = since;
    this.#client = new pg.Client({
      ...options.session.client,
      connectionTimeoutMillis: options.connectTimeoutMs,
    });
    // What breaks it reaches the query under way, or the next one.
    this.#client.on("error", () => undefined);
  }

  /** Rejects where this role may not read all rows. */
  prove(): Promise<void> {
    return this.#connect();
  }

  /** The candidates as they are now, without a slot: for a look that changes nothing. The caller closes them. */
  async plan(): Promise<BackfillRows> {
    await this.#connect();
    await this.#client.query("begin transaction isolation level repeatable read read only");
    return this.read();
  }

  /** The candidates beside a slot that was made before with the snapshot `made`. Whoever has the rows closes them. */
  async readBeside(made: Watermark): Promise<RowsBesideSlot> {
    await this.#connect();
    await this.#client.query("begin transaction isolation level repeatable read read only");
    const ask = this.#ask();
    // The first statement takes the snapshot, and the position is asked for in the next.
    await ask("select pg_current_snapshot()", []);
    const [seen] = await ask<{ lsn: string; start: string }>(
      `select pg_current_wal_insert_lsn()::text as "lsn", ${SERVER_START} as "start"`,
      [],
    );
    const { snapshot, doubtful, doubtfulQuery: query } = await this.#read(made.lsn, made);
    const rows = new PgBackfillRows(snapshot);
    this.#rows = rows;
    const doubtfulIds = (each: (id: string) => void, signal: AbortSignal): Promise<void> =>
      rows.ids(query, each, signal);
    const readLsn = endOfRecord(parseLsn(seen?.lsn ?? ""));
    return { rows, serverStart: seen?.start ?? "", doubtful, readLsn, doubtfulIds };
  }

  /** On the connection that will stream: the exported snapshot lives until its next command. */
  async prepare(replication: Client): Promise<void> {
    await this.#connect();
    const { until, snapshot } = await this.#createSlot(replication);
    await this.#client.query("begin transaction isolation level repeatable read read only");
    await this.#client.query(`set transaction snapshot ${pg.escapeLiteral(snapshot)}`);
    this.#until = until;
  }

  /** Once the stream has the slot, so that it is free for a moment only. */
  async read(): Promise<BackfillRows> {
    this.#rows = new PgBackfillRows((await this.#read(this.#until, null)).snapshot);
    return this.#rows;
  }

  /** For a start that failed. Never rejects. */
  async giveUp(): Promise<void> {
    await this.#rows?.close();
    wireOf(this.#client).stream.destroy();
  }

  async #connect(): Promise<void> {
    try {
      await this.#client.connect();
      await verifySession(this.#client);
      await liftTimeouts(this.#client);
      await showAllRows(this.#client);
    } catch (error) {
      throw postgresError(error, "connect", this.#options.context);
    }
    // Before there is a slot: a repair that cannot read all rows must not begin.
    const { tables, context } = this.#options;
    assertAllRowsReadable(await readAccess(this.#ask(), tables), context.address.user);
  }

  async #createSlot(replication: Client): Promise<{ until: Lsn; snapshot: string }> {
    const { slot, slotFailover, clock, createTimeoutMs } = this.#options;
    const ask = this.#ask();
    const isFailover = await wantsFailover(ask, slotFailover);
    const version = await serverVersion(ask);
    const options =
      version < VERSION_WITH_OPTIONS
        ? "EXPORT_SNAPSHOT"
        : `(SNAPSHOT 'export'${isFailover ? ", FAILOVER true" : ""})`;
    const { rows: pids } = await replication.query<{ pid: string }>(
      "select pg_backend_pid() as pid",
    );
    const cancel = clock.after(createTimeoutMs, () => {
      void this.#client
        .query("select pg_cancel_backend($1)", [Number(pids[0]?.pid)])
        .catch(() => undefined);
    });
    try {
      const { rows } = await replication.query<{ consistent_point: string; snapshot_name: string }>(
        `CREATE_REPLICATION_SLOT ${pg.escapeIdentifier(slot)} LOGICAL pgoutput ${options}`,
      );
      const [made] = rows;
      if (made === undefined) throw new Error("CREATE_REPLICATION_SLOT answered no row");
      return { until: parseLsn(made.consistent_point), snapshot: made.snapshot_name };
    } catch (error) {
      throw await explainSlotCreation(ask, slot, error);
    } finally {
      cancel();
    }
  }

  /** `made`: the snapshot with which the slot was made, where it was made before. */
  async #read(until: Lsn, made: Watermark | null): Promise<ReadTables> {
    const { tables: names, columns, shard, isFiltered, context } = this.#options;
    const ask = this.#ask();
    const [seen] = await ask<{ xids: string; atMs: string }>(
      `select pg_current_snapshot()::text as xids,
              (extract(epoch from clock_timestamp()) * 1000)::bigint::text as "atMs"`,
      [],
    );
    const now = { snapshot: seen?.xids ?? "", lsn: until, atMs: Number(seen?.atMs) };
    const watermark = made ?? now;
    const facts = await readRepairFacts(ask, names);
    assertAllRowsReadable(facts, context.address.user);
    const tables = await readBackfillTables(ask, names, columns, facts);
    const xids = xidRange(this.#since, now.snapshot);
    const filters = isFiltered
      ? await rowFilters(ask, context.publications, names)
      : new Map<string, string>();
    const scope = { xids, made: made?.snapshot ?? null, shard, columns, filters };
    const [counted] = await ask<Counts>(countQuery(tables, scope), []);
    const query = candidatesQuery(tables, scope);
    await ask(`declare ${CURSOR} no scroll cursor for ${query}`, []);
    // From here on the tables are locked.
    await assertNotRewritten(ask, names);
    const candidates = Number(counted?.candidates ?? 0);
    const tableRows = Number(counted?.rows ?? 0);
    const notes = unseen(facts, Number(counted?.odd ?? 0));
    const snapshot = {
      client: this.#client,
      tables,
      until,
      watermark,
      candidates,
      tableRows,
      notes,
      context,
    };
    const doubtful = Number(counted?.doubtful ?? 0);
    return { snapshot, doubtful, doubtfulQuery: doubtfulQuery(tables, scope) };
  }

  #ask(): Ask {
    return async <R extends QueryResultRow>(text: string, values: readonly unknown[]) => {
      try {
        return (await this.#client.query<R>(text, [...values])).rows;
      } catch (error) {
        throw postgresError(error, "query", this.#options.context);
      }
    };
  }
}

interface ReadTables {
  readonly snapshot: BackfillSnapshot;
  /** How many candidates the slot may bring as well, and how to name them. */
  readonly doubtful: number;
  readonly doubtfulQuery: string;
}

const PAGE_BYTES = 8_192n;
const PAGE_HEADERS: readonly bigint[] = [24n, 40n];

/** Between two records Postgres tells of the place after a page's header; the record before ended at the page's begin. */
function endOfRecord(at: Lsn): Lsn {
  const offset = at % PAGE_BYTES;
  return PAGE_HEADERS.includes(offset) ? lsn(at - offset) : at;
}

/** Numbers as text. */
interface Counts {
  readonly rows: string;
  readonly candidates: string;
  readonly doubtful: string;
  readonly odd: string;
}
