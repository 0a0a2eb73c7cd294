import { createHash } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { Client, QueryConfig, QueryResultRow } from "pg";
import pg from "pg";
import { RelayError } from "../relay/errors.ts";
import { wireOf } from "./capture-link.ts";
import { firstHost, verifyPrimary } from "./first-host.ts";
import type { HostSession } from "./host-list.ts";
import type { HostOrder } from "./host-order.ts";
import type { ErrorContext } from "./postgres-error.ts";
import { hasSqlState, isServerError, postgresError } from "./postgres-error.ts";
import type { ServerAddress } from "./session.ts";
import { verifySession } from "./session.ts";

const ADMIN_SHUTDOWN = "57P01";
const CANNOT_CONNECT_NOW = "57P03";
/** How long a goodbye may take. */
const CLOSE_MS_MAX = 1_000;
/** On top of the server's own statement time-out, for a server that no longer answers. */
const ANSWER_MARGIN_MS = 5_000;
/** Of a list without hosts, which there is not. */
const NOWHERE: ServerAddress = { host: "", port: 0, user: "", database: "" };

export interface ControlOptions {
  /** One for each host, tried in order. */
  readonly sessions: readonly HostSession[];
  readonly hostOrder: HostOrder;
  readonly context: Omit<ErrorContext, "address">;
  readonly connectTimeoutMs: number;
  readonly statementTimeoutMs: number;
  /** Notifications on this channel are listened to, on every connection. */
  readonly channel: string;
}

/**
 * One connection for questions, opened when needed and opened again when lost. Queries run one
 * after the other; every rejection is a RelayError.
 */
export class ControlConnection {
  readonly #options: ControlOptions;
  readonly #shutdownCallbacks = new Set<() => void>();
  readonly #notificationCallbacks = new Set<(payload: string) => void>();
  #client: Client | null = null;
  #tail: Promise<unknown> = Promise.resolve();
  /** Whether `#client` is connected and its session verified. */
  #isReady = false;
  #isClosed = false;
  /** Where the last connection led. */
  #address: ServerAddress | null = null;
  /** Where the last connection was ended by an administrator's command, which a shutdown looks like. */
  #terminatedAt: ServerAddress | null = null;

  constructor(options: ControlOptions) {
    this.#options = options;
  }

  query<R extends QueryResultRow>(
    text: string,
    values: readonly unknown[],
    signal: AbortSignal,
  ): Promise<R[]> {
    return this.#inTurn(() => this.#query<R>({ text, values: [...values] }, signal));
  }

  /** The same for a question of fixed text that is asked every few seconds: the server plans it a few times only. */
  queryOften<R extends QueryResultRow>(
    text: string,
    values: readonly unknown[],
    signal: AbortSignal,
  ): Promise<R[]> {
    const planned = { name: statementName(text), text, values: [...values] };
    return this.#inTurn(() => this.#query<R>(planned, signal));
  }

  /** Called back each time the server ends our session and lets nobody in any more. */
  onShutdown(callback: () => void): () => void {
    // A wrapper, so that the same function may be given twice.
    const entry = (): void => callback();
    this.#shutdownCallbacks.add(entry);
    return () => void this.#shutdownCallbacks.delete(entry);
  }

  /** Called back for each notification; what comes while there is no connection is lost. */
  onNotification(callback: (payload: string) => void): () => void {
    const entry = (payload: string): void => callback(payload);
    this.#notificationCallbacks.add(entry);
    return () => void this.#notificationCallbacks.delete(entry);
  }

  /** A question under way is given up; the next one opens a new connection. */
  reconnect(cause: unknown): void {
    const { hostOrder, sessions } = this.#options;
    hostOrder.learn(sessions, this.#address, cause);
    this.#drop();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const client = this.#client;
    // A client that is still connecting would never settle after `end`.
    if (client === null || !this.#isReady) return this.#drop();
    this.#client = null;
    const waiting = new AbortController();
    const bound = delay(CLOSE_MS_MAX, undefined, { signal: waiting.signal }).catch(() => undefined);
    await Promise.race([client.end(), bound]);
    waiting.abort();
    wireOf(client).stream.destroy();
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#tail.then(work);
    // The caller hears of a failure; the next in line only waits for its end.
    this.#tail = turn.catch(() => undefined);
    return turn;
  }

  async #query<R extends QueryResultRow>(query: QueryConfig, signal: AbortSignal): Promise<R[]> {
    if (signal.aborted || this.#isClosed) throw abortedError();
    const cut = (): void => this.#drop();
    signal.addEventListener("abort", cut, { once: true });
    try {
      const client = await this.#connected(signal);
      return (await client.query<R>(query)).rows;
    } catch (error) {
      if (signal.aborted) throw abortedError();
      if (!isServerError(error)) this.#drop();
      else if (isStale(error.code) && query.name !== undefined)
        return await this.#again(query, signal);
      throw postgresError(error, "query", this.#context());
    } finally {
      signal.removeEventListener("abort", cut);
    }
  }

  /** On a connection that has planned nothing yet. */
  #again<R extends QueryResultRow>(query: QueryConfig, signal: AbortSignal): Promise<R[]> {
    this.#drop();
    const { text, values = [] } = query;
    return this.#query<R>({ text, values }, signal);
  }

  async #connected(signal: AbortSignal | null): Promise<Client> {
    if (this.#client !== null) return this.#client;
    const { hostOrder, sessions } = this.#options;
    const isGivenUp = (): boolean => this.#isClosed || signal?.aborted === true;
    try {
      return await firstHost(hostOrder.of(sessions), isGivenUp, (session) =>
        this.#connectTo(session),
      );
    } finally {
      this.#terminatedAt = null;
    }
  }

  async #connectTo(session: HostSession): Promise<Client> {
    const client = this.#newClient(session);
    this.#client = client;
    this.#address = session.address;
    this.#isReady = false;
    try {
      await client.connect();
      await verifySession(client);
      await verifyPrimary(client, session);
      await this.#listen(client);
      this.#isReady = true;
      return client;
    } catch (error) {
      this.#forget(client);
      wireOf(client).stream.destroy();
      this.#refused(error, session);
      throw postgresError(error, "connect", this.#context());
    }
  }

  #context(): ErrorContext {
    const { context, sessions } = this.#options;
    const address = this.#address ?? sessions[0]?.address ?? NOWHERE;
    return { ...context, address };
  }

  #newClient(session: HostSession): Client {
    const { connectTimeoutMs, statementTimeoutMs } = this.#options;
    const client = new pg.Client({
      ...session.client,
      connectionTimeoutMillis: connectTimeoutMs,
      query_timeout: statementTimeoutMs + ANSWER_MARGIN_MS,
    });
    client.on("error", (error) => {
      this.#forget(client);
      if (hasSqlState(error, ADMIN_SHUTDOWN)) this.#terminated();
    });
    wireOf(client).on("errorMessage", (error: unknown) => {
      // With a query under way the error goes to the query, and the connection just ends.
      if (hasSqlState(error, ADMIN_SHUTDOWN) && this.#client === client) this.#terminated();
    });
    return client;
  }

  /** A server in recovery refuses; then there is nothing to hear either. */
  async #listen(client: Client): Promise<void> {
    client.on("notification", ({ channel, payload = "" }) => {
      if (channel !== this.#options.channel) return;
      for (const callback of [...this.#notificationCallbacks]) callback(payload);
    });
    try {
      await client.query(`listen ${pg.escapeIdentifier(this.#options.channel)}`);
    } catch (error) {
      if (!isServerError(error)) throw error;
    }
  }

  #terminated(): void {
    if (this.#terminatedAt !== null) return;
    this.#client = null;
    this.#terminatedAt = this.#address;
    if (this.#isClosed) return;
    // Whatever comes of it is dealt with where a connection is made.
    void this.#inTurn(() => this.#connected(null)).catch(() => undefined);
  }

  #refused(error: unknown, { address }: HostSession): void {
    if (address !== this.#terminatedAt || !hasSqlState(error, CANNOT_CONNECT_NOW)) return;
    for (const callback of [...this.#shutdownCallbacks]) callback();
  }

  #forget(client: Client): void {
    if (this.#client === client) this.#client = null;
  }

  #drop(): void {
    const client = this.#client;
    this.#client = null;
    if (client !== null) wireOf(client).stream.destroy();
  }
}

/** The same for the same text, so that the server knows what it has planned. */
function statementName(text: string): string {
  let name = statementNames.get(text);
  if (name === undefined) {
    name = createHash("sha256").update(text).digest("hex").substring(0, STATEMENT_NAME_CHARS);
    statementNames.set(text, name);
  }
  return name;
}

/** Few: the texts are those of this program. */
const statementNames = new Map<string, string>();
const STATEMENT_NAME_CHARS = 32;

/** What a planned statement is answered with after somebody made the session forget it, or changed what it brings. */
function isStale(sqlState: string | undefined): boolean {
  return sqlState === "26000" || sqlState === "0A000";
}

function abortedError(): RelayError {
  return new RelayError("a question to Postgres was given up", {
    code: "ABORTED",
    remedy: "retry",
    hint: "Nothing to do: the relay is stopping.",
  });
}
