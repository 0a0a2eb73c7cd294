import pg from "pg";
import { systemClock } from "../../../src/ops/system-clock.ts";
import type { ReplicationSourceOptions } from "../../../src/postgres/replication-source.ts";
import { PgReplicationSource } from "../../../src/postgres/replication-source.ts";
import type { SourceDatabaseOptions } from "../../../src/postgres/source-database.ts";
import { PgSourceDatabase } from "../../../src/postgres/source-database.ts";
import type {
  ReplicationStream,
  StreamHandlers,
} from "../../../src/relay/capture/replication-stream.ts";
import { RelayError } from "../../../src/relay/errors.ts";
import type { Lsn } from "../../../src/relay/lsn.ts";
import { lsn } from "../../../src/relay/lsn.ts";
import { MODEL_OUTBOX } from "../../support/model/model-relay.ts";
import type { TestDatabase } from "../../support/services.ts";
import { createDatabase, uniqueName } from "../../support/services.ts";
import { until } from "../../support/until.ts";

export const NEVER = new AbortController().signal;
const DEADLINE_MS = 15_000;

const INSERT = 0x49;
const COMMIT = 0x43;

/** Keeps a copy of all it is given. */
export class RecordingHandlers implements StreamHandlers {
  readonly messages: Buffer[] = [];
  readonly keepalives: { walEnd: Lsn; replyRequested: boolean }[] = [];
  readonly closedWith: RelayError[] = [];
  /** What came, in order: m, k, e (read end) or c. */
  order = "";

  message(bytes: Uint8Array): void {
    this.messages.push(Buffer.from(bytes));
    this.order += "m";
  }

  keepalive(walEnd: Lsn, replyRequested: boolean): void {
    this.keepalives.push({ walEnd, replyRequested });
    this.order += "k";
  }

  readEnd(): void {
    this.order += "e";
  }

  closed(error: RelayError): void {
    this.closedWith.push(error);
    this.order += "c";
  }

  get inserts(): Buffer[] {
    return this.messages.filter((message) => message[0] === INSERT);
  }

  /** Of the last COMMIT message: end of its record. */
  get lastCommitEnd(): Lsn {
    const commit = this.messages.findLast((message) => message[0] === COMMIT);
    if (commit === undefined) throw new Error("no commit was received");
    return lsn(commit.readBigUInt64BE(10));
  }

  /** The values of every row, as text. */
  get rows(): string[][] {
    return this.inserts.map(readInsert);
  }

  async untilInserts(count: number): Promise<void> {
    await until(
      () => this.inserts.length >= count,
      DEADLINE_MS,
      () => `${count} rows, ${this.inserts.length} came`,
    );
  }

  async untilClosed(): Promise<RelayError> {
    await until(() => this.closedWith.length > 0, DEADLINE_MS, "the end of the stream");
    return this.closedWith[0] as RelayError;
  }
}

/** Column values of an INSERT message; binary ones in hex behind `b:`. */
function readInsert(message: Buffer): string[] {
  let offset = 8;
  return Array.from({ length: message.readUInt16BE(6) }, () => {
    const kind = String.fromCharCode(message[offset] as number);
    offset += 1;
    if (kind === "n" || kind === "u") return kind;
    const length = message.readUInt32BE(offset);
    const bytes = message.subarray(offset + 4, offset + 4 + length);
    offset += 4 + length;
    return kind === "b" ? `b:${bytes.toString("hex")}` : bytes.toString();
  });
}

export type Options = ReplicationSourceOptions & SourceDatabaseOptions;

/** A database with an outbox table and a publication of its own, and what a test opens on it. */
export class OutboxDatabase {
  readonly url: string;
  readonly slot: string;
  readonly publication: string;
  readonly client: pg.Client;
  readonly #database: TestDatabase;
  readonly #streams: ReplicationStream[] = [];
  readonly #databases: PgSourceDatabase[] = [];
  readonly #sessions: pg.Client[] = [];
  readonly #roles: string[] = [];
  #tail: Promise<unknown> = Promise.resolve();

  private constructor(database: TestDatabase, client: pg.Client) {
    this.url = database.url;
    this.slot = database.name;
    this.publication = database.name;
    this.client = client;
    this.#database = database;
  }

  static async create(serverUrl?: string): Promise<OutboxDatabase> {
    const database = await createDatabase("postgres_adapter", serverUrl);
    const outbox = new OutboxDatabase(database, await connect(database.url));
    await outbox.query(
      `create table outbox (
         id bigint generated always as identity primary key, aggregatetype text not null,
         aggregateid text not null, type text not null, payload jsonb)`,
    );
    await outbox.query(
      `create publication ${outbox.publication} for table outbox
         with (publish = 'insert', publish_via_partition_root = true)`,
    );
    return outbox;
  }

  /** The same before anybody has run `outbox-relay migrate`: without table and publication. */
  static async createBare(serverUrl?: string): Promise<OutboxDatabase> {
    const outbox = await OutboxDatabase.create(serverUrl);
    await outbox.query(`drop publication ${outbox.publication}`);
    await outbox.query("drop table outbox");
    return outbox;
  }

  get options(): Options {
    return {
      connectionString: this.url,
      slot: this.slot,
      publications: [this.publication],
      tables: MODEL_OUTBOX.tables,
      columns: MODEL_OUTBOX.columns,
      connectTimeoutMs: 5_000,
      applicationName: "relay:test",
      walSenderTimeoutMs: 10_000,
      statementTimeoutMs: 5_000,
    };
  }

  /** One query after the other: `pg` lets nobody ask while another question is under way. */
  async query<R extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<R[]> {
    const turn = this.#tail.then(() => this.client.query<R>(text, values));
    this.#tail = turn.catch(() => undefined);
    return (await turn).rows;
  }

  async insert(count: number, payload = '{"a": 1}'): Promise<void> {
    await this.query(
      `insert into outbox (aggregatetype, aggregateid, type, payload)
       select 'order', g::text, 'placed', $2::jsonb from generate_series(1, $1) g`,
      [count, payload],
    );
  }

  source(options: Partial<Options> = {}): PgReplicationSource {
    return new PgReplicationSource({ ...this.options, ...options }, systemClock);
  }

  database(options: Partial<Options> = {}): PgSourceDatabase {
    const database = new PgSourceDatabase({ ...this.options, ...options });
    this.#databases.push(database);
    return database;
  }

  async createSlot(): Promise<void> {
    await this.query("select pg_create_logical_replication_slot($1, 'pgoutput')", [this.slot]);
  }

  /** Opens a stream, creating the slot when there is none, and reads from it. */
  async stream(
    handlers: StreamHandlers,
    options: Partial<Options> = {},
  ): Promise<ReplicationStream> {
    const exists = await this.query("select from pg_replication_slots where slot_name = $1", [
      this.slot,
    ]);
    if (exists.length === 0) await this.createSlot();
    const stream = await this.source(options).open(handlers, NEVER);
    this.#streams.push(stream);
    stream.resume();
    return stream;
  }

  /** Opens a stream that must not come up. */
  async refusal(options: Partial<Options> = {}): Promise<RelayError> {
    const stream = await this.source(options)
      .open(new RecordingHandlers(), NEVER)
      .then(
        (opened) => opened,
        (error: unknown) => error,
      );
    if (stream instanceof RelayError) return stream;
    throw new Error(`the stream opened, or failed with ${String(stream)}`);
  }

  /** Another session, ended with the test. */
  async session(url = this.url): Promise<pg.Client> {
    const client = await connect(url);
    this.#sessions.push(client);
    return client;
  }

  /** A connection string of a new role. */
  async role(attributes: string): Promise<{ name: string; url: string }> {
    const name = uniqueName("role");
    await this.query(`create role ${name} login password 'secret-word' ${attributes}`);
    this.#roles.push(name);
    const url = new URL(this.url);
    url.username = name;
    url.password = "secret-word";
    return { name, url: url.href };
  }

  async confirmedLsn(): Promise<string> {
    const [row] = await this.query<{ lsn: string }>(
      "select confirmed_flush_lsn::text as lsn from pg_replication_slots where slot_name = $1",
      [this.slot],
    );
    return row?.lsn ?? "";
  }

  async isActive(): Promise<boolean> {
    const [row] = await this.query<{ active: boolean }>(
      "select active from pg_replication_slots where slot_name = $1",
      [this.slot],
    );
    return row?.active === true;
  }

  async drop(): Promise<void> {
    await Promise.all(this.#streams.map((stream) => stream.close()));
    await Promise.all(this.#databases.map((database) => database.close()));
    await Promise.all(this.#sessions.map((session) => session.end()));
    for (const role of this.#roles) {
      await this.query(`drop owned by ${role} cascade`);
      await this.query(`drop role ${role}`);
    }
    await this.client.end();
    await this.#database.drop();
  }
}

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client(url);
  // A test may end sessions from outside.
  client.on("error", () => undefined);
  await client.connect();
  return client;
}
