import { setTimeout as delay } from "node:timers/promises";
import type { Client, QueryResultRow } from "pg";
import pg from "pg";
import { RelayError } from "../relay/errors.ts";
import { wireOf } from "./capture-link.ts";
import { firstHost, verifyPrimary } from "./first-host.ts";
import type { HostSession } from "./host-list.ts";
import { hostSessions } from "./host-list.ts";
import type { MigrationFile, MigrationTarget } from "./migration-file.ts";
import { renderMigration } from "./migration-file.ts";
import type { ErrorContext } from "./postgres-error.ts";
import { hasSqlState, postgresError } from "./postgres-error.ts";
import { keyUnfit, tooOldForShards } from "./shard-filter.ts";
import type { TlsOptions } from "./tls.ts";

export interface MigratorOptions extends MigrationTarget {
  readonly connectionString: string;
  /** Default: `prefer` without certificates. */
  readonly tls?: TlsOptions;
  readonly connectTimeoutMs?: number;
  /** How long one try waits for a lock before it lets everybody else pass. */
  readonly lockTimeoutMs?: number;
  readonly lockTriesMax?: number;
}

export type MigrationOutcome = "applied" | "repeated" | "unchanged";

/** A row of `relay_migrations`. */
export interface AppliedMigration {
  readonly version: number;
  readonly name: string;
  readonly checksum: string;
  readonly appliedAt: Date;
}

const HISTORY_TABLE = "relay_migrations";
const CONNECT_TIMEOUT_MS = 10_000;
const LOCK_TIMEOUT_MS = 5_000;
const LOCK_TRIES_MAX = 4;
const RETRY_DELAY_MS = 500;
const LOCK_NOT_AVAILABLE = "55P03";
const FEATURE_NOT_SUPPORTED = "0A000";
const DATATYPE_MISMATCH = "42804";
/** First half of our advisory locks' key, "obox"; the second is a hash of the schema. */
const LOCK_SPACE = 0x6f626f78;

/** Applies migration files to one database. Every rejection is a RelayError; call `close` at the end. */
export class Migrator {
  readonly #options: MigratorOptions;
  readonly #sessions: readonly HostSession[];
  #session: HostSession;
  #client: Client;

  constructor(options: MigratorOptions) {
    this.#options = options;
    this.#sessions = hostSessions(
      options.connectionString,
      "outbox-relay migrate",
      {},
      options.tls,
    );
    this.#session = this.#sessions[0] as HostSession;
    this.#client = this.#newClient();
  }

  /** At the first host that takes us. */
  async connect(): Promise<void> {
    await firstHost(
      this.#sessions,
      () => false,
      async (session) => {
        this.#session = session;
        this.#client = this.#newClient();
        try {
          await this.#client.connect();
          await verifyPrimary(this.#client, session);
        } catch (error) {
          wireOf(this.#client).stream.destroy();
          throw postgresError(error, "connect", this.#context);
        }
      },
    );
  }

  #newClient(): Client {
    const { connectTimeoutMs = CONNECT_TIMEOUT_MS } = this.#options;
    const client = new pg.Client({
      ...this.#session.client,
      connectionTimeoutMillis: connectTimeoutMs,
    });
    // A lost connection also fails the query under way, which is where it is dealt with.
    client.on("error", () => undefined);
    return client;
  }

  get #context(): ErrorContext {
    const { address } = this.#session;
    return { address, slot: "", publications: [this.#options.publication] };
  }

  async close(): Promise<void> {
    await this.#client.end();
  }

  async query<R extends QueryResultRow>(text: string, values: unknown[] = []): Promise<R[]> {
    try {
      return (await this.#client.query<R>(text, values)).rows;
    } catch (error) {
      throw postgresError(error, "query", this.#context);
    }
  }

  /**
   * Applies one file in its own transaction, under an advisory lock, and answers what was done; `again`
   * runs it although it was applied before. Throws `MIGRATION_CHANGED` when it was applied with another content, and
   * `MIGRATION_LOCKED` (retry) when a lock could not be had in several tries.
   */
  async apply(file: MigrationFile, { again = false } = {}): Promise<MigrationOutcome> {
    const { lockTriesMax = LOCK_TRIES_MAX } = this.#options;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#applyOnce(file, again);
      } catch (error) {
        await this.#client.query("rollback").catch(() => undefined);
        if (!hasSqlState(error, LOCK_NOT_AVAILABLE)) throw this.#explain(error, file);
        if (attempt >= lockTriesMax) throw locked(file, lockTriesMax, error);
        await delay(RETRY_DELAY_MS * attempt);
      }
    }
  }

  async #applyOnce(file: MigrationFile, again: boolean): Promise<MigrationOutcome> {
    const { schema, lockTimeoutMs = LOCK_TIMEOUT_MS } = this.#options;
    const client = this.#client;
    await client.query("begin");
    await client.query("select set_config('lock_timeout', $1, true)", [`${lockTimeoutMs}ms`]);
    await client.query("select pg_advisory_xact_lock($1, hashtext($2))", [LOCK_SPACE, schema]);
    const applied = await this.#find(file);
    if (applied !== null && applied.checksum !== file.checksum) throw changed(file);
    const isWanted = applied === null || again;
    if (isWanted) await client.query(renderMigration(file, this.#options, lockTimeoutMs));
    if (applied === null) await this.#record(file);
    await client.query("commit");
    if (applied === null) return "applied";
    return isWanted ? "repeated" : "unchanged";
  }

  async #find(file: MigrationFile): Promise<AppliedMigration | null> {
    const name = recordName(file, this.#options);
    const applied = await this.applied();
    return applied.find((row) => row.version === file.version && row.name === name) ?? null;
  }

  async #record(file: MigrationFile): Promise<void> {
    const table = historyTable(this.#options);
    if (!(await this.#hasHistory())) {
      await this.#client.query(
        `create table if not exists ${table} (
           version int not null, name text not null, checksum text not null,
           applied_at timestamptz not null default now(), primary key (version, name))`,
      );
    }
    await this.#client.query(`insert into ${table} (version, name, checksum) values ($1, $2, $3)`, [
      file.version,
      recordName(file, this.#options),
      file.checksum,
    ]);
  }

  /** What was applied in this schema, for every table and publication. */
  async applied(): Promise<AppliedMigration[]> {
    if (!(await this.#hasHistory())) return [];
    return this.query<AppliedMigration>(
      `select version, name, checksum, applied_at as "appliedAt"
         from ${historyTable(this.#options)} order by version, name`,
    );
  }

  /**
   * Asks the catalog itself: `to_regclass` may answer from the session's cache, which holds what was
   * missing before somebody else's migration was waited for.
   */
  async #hasHistory(): Promise<boolean> {
    const [row] = await this.query<{ exists: boolean }>(
      "select exists (select from pg_catalog.pg_tables where schemaname = $1 and tablename = $2)",
      [this.#options.schema, HISTORY_TABLE],
    );
    return row?.exists === true;
  }

  #explain(error: unknown, { fileName }: MigrationFile): RelayError {
    const { shard = null } = this.#options;
    if (shard !== null && hasSqlState(error, FEATURE_NOT_SUPPORTED)) return tooOldForShards(null);
    if (shard !== null && hasSqlState(error, DATATYPE_MISMATCH)) {
      const { schema, table: name } = this.#options;
      return keyUnfit({ schema, name }, shard.keyColumn, null);
    }
    const known = postgresError(error, "query", this.#context);
    if (known.code !== "POSTGRES_PERMISSION") return known;
    return new RelayError(
      `role "${this.#context.address.user}" lacks a right that ${fileName} needs`,
      {
        code: "POSTGRES_PERMISSION",
        remedy: "halt",
        hint: "Run it as the owner of the schema and table, who also needs CREATE on the database for the publication (RELAY_MIGRATION_DATABASE_URL); or give outbox-relay migrate print to somebody who may.",
        cause: error,
      },
    );
  }
}

/** One schema may hold several outbox tables, so the record names what the file was applied for. */
export function recordName({ name }: MigrationFile, target: MigrationTarget): string {
  return `${name} ${target.table} ${target.publication}`;
}

function historyTable({ schema }: MigrationTarget): string {
  return `${pg.escapeIdentifier(schema)}.${HISTORY_TABLE}`;
}

function changed({ fileName }: MigrationFile): RelayError {
  return new RelayError(`${fileName} is not what was applied: its checksum differs`, {
    code: "MIGRATION_CHANGED",
    remedy: "halt",
    hint: "Restore the file of the release; an applied migration is never edited. outbox-relay migrate status shows what the database really has.",
  });
}

function locked({ fileName }: MigrationFile, triesMax: number, cause: unknown): RelayError {
  return new RelayError(`${fileName} could not get its locks in ${triesMax} tries`, {
    code: "MIGRATION_LOCKED",
    remedy: "retry",
    hint: "Run it again when the table is less busy. Who holds locks: select pid, relation::regclass, mode from pg_locks where granted;",
    cause,
  });
}
