import type { QueryResultRow } from "pg";
import type { CatalogAnswer, CatalogQuestion } from "../relay/capture/catalog-lookup.ts";
import type {
  OpenTransaction,
  SlotFacts,
  SourceDatabase,
  SpilledWal,
  Vantage,
} from "../relay/capture/source-database.ts";
import { RelayError } from "../relay/errors.ts";
import type { Finding } from "../relay/finding.ts";
import { findingOf } from "../relay/finding.ts";
import { readAccess } from "./backfill/repair-facts.ts";
import { accessFindings } from "./backfill/repair-findings.ts";
import { readCatalog } from "./catalog.ts";
import { ControlConnection } from "./control-connection.ts";
import { createSlot } from "./create-slot.ts";
import type { DatabaseExamination, DoctorExpectations } from "./doctor/pg-doctor.ts";
import { examineDatabase } from "./doctor/pg-doctor.ts";
import { hostSessions } from "./host-list.ts";
import { HostOrder } from "./host-order.ts";
import { namingLocks } from "./lock-holder.ts";
import { oldestTransaction } from "./oldest-transaction.ts";
import { readFailover } from "./preflight/failover-facts.ts";
import { failoverFindings, failoverGap } from "./preflight/failover-findings.ts";
import { HeaderColumns } from "./preflight/header-columns.ts";
import type { RowFilterPolicy } from "./preflight/publication-findings.ts";
import { publicationFindings } from "./preflight/publication-findings.ts";
import type { Ask } from "./preflight/read-facts.ts";
import { readPublications, readServer, readTables } from "./preflight/read-facts.ts";
import { readMissingRights, rightFinding } from "./preflight/right-findings.ts";
import { serverFindings, versionFinding } from "./preflight/server-findings.ts";
import type { ShardFacts } from "./preflight/shard-facts.ts";
import { readShards, shardNames } from "./preflight/shard-facts.ts";
import { shardFindings } from "./preflight/shard-findings.ts";
import { tableFindings } from "./preflight/table-findings.ts";
import { readTree } from "./preflight/tree-facts.ts";
import { treeFindings } from "./preflight/tree-findings.ts";
import { walFindings } from "./preflight/wal-findings.ts";
import { readWay } from "./preflight/way-facts.ts";
import { underOwnName, wayFindings } from "./preflight/way-findings.ts";
import type { PostgresOptions } from "./replication-source.ts";
import type { SlotAnswer, SlotRow } from "./slot-row.ts";
import { slotOfOthers, slotQuery, slotRow } from "./slot-row.ts";
import { readSpilled } from "./spilled-wal.ts";
import type { TableName } from "./table-name.ts";
import { parseTableName } from "./table-name.ts";
import { TreeParts } from "./tree-parts.ts";
import { readVantage } from "./vantage.ts";
import type { Witness } from "./witness.ts";
import { countUp } from "./witness.ts";

export interface SourceDatabaseOptions extends PostgresOptions {
  readonly statementTimeoutMs: number;
  /** Let a new slot be synchronised to standbys (Postgres 17 and later; `auto`: where the server can). Default: no. */
  readonly slotFailover?: boolean | "auto";
  /** WAL that the slot may retain before the server's disk is full; 0 when nobody knows. Default: 0. */
  readonly walBudgetBytes?: number;
  /** Default: refuse. */
  readonly rowFilter?: RowFilterPolicy;
  /** Table with the witness row, `schema.name`; none by default. */
  readonly witnessTable?: string | null;
}

/** What a relay that let the slot go says on the channel that is named as the slot. */
const SLOT_FREE = "slot free";

/** What the relay asks over one ordinary connection, which is opened when needed. */
export class PgSourceDatabase implements SourceDatabase {
  readonly #options: SourceDatabaseOptions;
  readonly #tables: readonly TableName[];
  readonly #connection: ControlConnection;
  readonly #tree = new TreeParts();
  readonly #headers: HeaderColumns;

  /** Throws RelayError for a connection string or a table name that cannot be read. */
  constructor(options: SourceDatabaseOptions) {
    const { slot, publications, connectTimeoutMs, statementTimeoutMs } = options;
    const { connectionString, applicationName, tls } = options;
    const settings = {
      statement_timeout: String(statementTimeoutMs),
      idle_session_timeout: "0",
      // What is asked often is planned at the first time and not at each of the first five; compiling it costs more than it takes.
      plan_cache_mode: "force_generic_plan",
      jit: "off",
    };
    const sessions = hostSessions(connectionString, applicationName, settings, tls);
    this.#options = options;
    this.#tables = options.tables.map(parseTableName);
    this.#headers = new HeaderColumns(options.columns.headers);
    this.#connection = new ControlConnection({
      sessions,
      hostOrder: options.hostOrder ?? new HostOrder(),
      context: { slot, publications },
      connectTimeoutMs,
      statementTimeoutMs,
      // A slot's name is always good for a channel: as short, and of the same letters.
      channel: slot,
    });
  }

  async preflight(signal: AbortSignal): Promise<readonly Finding[]> {
    try {
      const ask = this.#ask(signal);
      return await namingLocks(ask, () => this.#findings(ask, signal));
    } catch (error) {
      if (!(error instanceof RelayError) || error.code === "ABORTED") throw error;
      return [findingOf(error)];
    }
  }

  async #findings(ask: Ask, signal: AbortSignal): Promise<readonly Finding[]> {
    const unseen = rightFinding(await readMissingRights(ask));
    if (unseen !== null) return [unseen];
    const server = await readServer(ask);
    const tooOld = versionFinding(server);
    if (tooOld !== null) return [tooOld];
    const { publications, columns, areHeadersRequired = false } = this.#options;
    const { rowFilter = "refuse", shard = null } = this.#options;
    const slot = await this.#slotRow(signal);
    const tables = await readTables(ask, this.#tables);
    const published = await readPublications(ask, publications, this.#tables);
    const way = await readWay(ask, server.version, publications, this.#tables);
    return [
      ...serverFindings(server, slot, this.#options),
      ...failoverFindings(await readFailover(ask, this.#options.slot), {
        slot: this.#options.slot,
        database: server.database,
        failover: this.#options.slotFailover ?? false,
      }),
      ...walFindings(server, slot, this.#options.walBudgetBytes ?? 0),
      ...tableFindings(this.#tables, tables, columns, areHeadersRequired),
      ...publicationFindings(publications, published, underOwnName(tables, way), columns, {
        rowFilter,
        shard,
      }),
      ...wayFindings(way, this.#tables),
      ...(await this.#findingsOfLook(ask)),
      ...shardFindings(shard, server.version, await this.#shards(ask), tables, columns),
      ...(await this.#repairFindings(ask, server.role)),
    ];
  }

  /** The day of the repair is too late to hear that it would be refused. */
  async #repairFindings(ask: Ask, role: string): Promise<Finding[]> {
    const facts = await readAccess(ask, this.#tables);
    return facts.flatMap((table) => accessFindings(table, role));
  }

  #shards(ask: Ask): Promise<ShardFacts> {
    return readShards(ask, shardNames(this.#options), this.#tables);
  }

  /** For `outbox-relay doctor`: all that can be asked, good or bad. Changes nothing. */
  examine(expected: DoctorExpectations, signal: AbortSignal): Promise<DatabaseExamination> {
    return examineDatabase(this.#ask(signal), this.#options, expected);
  }

  async slot(signal: AbortSignal): Promise<SlotFacts | null> {
    return this.#slotRow(signal);
  }

  async #slotRow(signal: AbortSignal): Promise<SlotRow | null> {
    const { slot } = this.#options;
    const [answer] = await this.#askOften(signal)<SlotAnswer>(slotQuery(slot), []);
    return answer === undefined ? null : slotRow(slot, answer);
  }

  async failoverGap(signal: AbortSignal): Promise<string | null> {
    const { slot } = this.#options;
    return failoverGap(await readFailover(this.#ask(signal), slot), slot);
  }

  oldestTransaction(signal: AbortSignal): Promise<OpenTransaction | null> {
    return oldestTransaction(this.#askOften(signal));
  }

  spilled(signal: AbortSignal): Promise<SpilledWal | null> {
    return readSpilled(this.#askOften(signal), this.#options.slot);
  }

  async createSlot(signal: AbortSignal): Promise<void> {
    await createSlot(this.#ask(signal), this.#options.slot, this.#options.slotFailover ?? false);
  }

  async dropSlot(signal: AbortSignal): Promise<void> {
    const { slot } = this.#options;
    const found = await this.#slotRow(signal);
    if (found !== null && found.database !== found.currentDatabase) throw slotOfOthers(found);
    await this.#ask(signal)(
      "select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = $1",
      [slot],
    );
  }

  async reserve(signal: AbortSignal): Promise<boolean> {
    const [row] = await this.#ask(signal)<{ isOurs: boolean }>(
      'select pg_try_advisory_lock(hashtextextended($1, 0)) as "isOurs"',
      [`outbox-relay:${this.#options.slot}`],
    );
    return row?.isOurs === true;
  }

  async release(): Promise<void> {
    const { signal } = new AbortController();
    // A connection that is lost has lost its locks too.
    await this.#ask(signal)("select pg_advisory_unlock_all()", []).catch(() => undefined);
  }

  async vantage(signal: AbortSignal): Promise<Vantage> {
    const ask = this.#askOften(signal);
    return namingLocks(ask, () => this.#look(ask));
  }

  async #look(ask: Ask): Promise<Vantage> {
    const findings = await this.#findingsOfLook(ask);
    const { publications } = this.#options;
    const seen = await readVantage(ask, publications, this.#tables, this.#witness);
    return { ...seen, findings, tree: await this.#tree.read(ask, publications, this.#tables) };
  }

  /** What is looked at before the start and again every few seconds. */
  async #findingsOfLook(ask: Ask): Promise<readonly Finding[]> {
    const { publications, rowFilter = "refuse", shard = null } = this.#options;
    const tree = await readTree(ask, publications, this.#tables);
    return [
      ...(await this.#headers.look(ask, this.#tables)),
      ...treeFindings(tree, publications, { rowFilter, shard }),
    ];
  }

  catalog(question: CatalogQuestion, signal: AbortSignal): Promise<CatalogAnswer> {
    const { publications, columns } = this.#options;
    const scope = { publications, tables: this.#tables, headers: columns.headers };
    return readCatalog(this.#askOften(signal), scope, question);
  }

  async countUp(signal: AbortSignal): Promise<number | null> {
    return this.#witness === null ? null : countUp(this.#ask(signal), this.#witness);
  }

  get #witness(): Witness | null {
    const { witnessTable = null, slot } = this.#options;
    return witnessTable === null ? null : { table: parseTableName(witnessTable), slot };
  }

  onShutdown(callback: () => void): () => void {
    return this.#connection.onShutdown(callback);
  }

  onSlotFree(callback: () => void): () => void {
    return this.#connection.onNotification((payload) => {
      if (payload === SLOT_FREE) callback();
    });
  }

  async announceSlotFree(signal: AbortSignal): Promise<void> {
    const values = [this.#options.slot, SLOT_FREE];
    await this.#connection.query("select pg_notify($1, $2)", values, signal);
  }

  reconnect(cause: unknown): void {
    this.#connection.reconnect(cause);
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  /** For what is asked every few seconds. */
  #askOften(signal: AbortSignal): Ask {
    return <R extends QueryResultRow>(text: string, values: readonly unknown[]) =>
      this.#connection.queryOften<R>(text, values, signal);
  }

  #ask(signal: AbortSignal): Ask {
    return <R extends QueryResultRow>(text: string, values: readonly unknown[]) =>
      this.#connection.query<R>(text, values, signal);
  }
}
