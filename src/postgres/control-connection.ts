import { setTimeout as delay } from "node:timers/promises";
import type { Client, QueryResultRow } from "pg";
import pg from "pg";
import { RelayError } from "../relay/errors.ts";
import { wireOf } from "./capture-link.ts";
import type { ErrorContext } from "./postgres-error.ts";
import { hasSqlState, isServerError, postgresError } from "./postgres-error.ts";
import type { SessionConfig } from "./session.ts";
import { verifySession } from "./session.ts";

const ADMIN_SHUTDOWN = "57P01";
const CANNOT_CONNECT_NOW = "57P03";
/** How long a goodbye may take. */
const CLOSE_MS_MAX = 1_000;
/** On top of the server's own statement time-out, for a server that no longer answers. */
const ANSWER_MARGIN_MS = 5_000;

export interface ControlOptions {
  readonly session: SessionConfig;
  readonly context: ErrorContext;
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
  /** The last connection was ended by an administrator's command, which a shutdown looks like. */
  #wasTerminated = false;

  constructor(options: ControlOptions) {
    this.#options = options;
  }

  query<R extends QueryResultRow>(
    text: string,
    values: readonly unknown[],
    signal: AbortSignal,
  ): Promise<R[]> {
    return this.#inTurn(() => this.#query<R>(text, values, signal));
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
  reconnect(): void {
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

  async #query<R extends QueryResultRow>(
    text: string,
    values: readonly unknown[],
    signal: AbortSignal,
  ): Promise<R[]> {
    if (signal.aborted || this.#isClosed) throw abortedError();
    const cut = (): void => this.#drop();
    signal.addEventListener("abort", cut, { once: true });
    try {
      const client = await this.#connected();
      return (await client.query<R>(text, [...values])).rows;
    } catch (error) {
      if (signal.aborted) throw abortedError();
      if (!isServerError(error)) this.#drop();
      throw postgresError(error, "query", this.#options.context);
    } finally {
      signal.removeEventListener("abort", cut);
    }
  }

  async #connected(): Promise<Client> {
    if (this.#client !== null) return this.#client;
    const client = this.#newClient();
    this.#client = client;
    this.#isReady = false;
    try {
      await client.connect();
      await verifySession(client);
      await this.#listen(client);
      this.#isReady = true;
      this.#wasTerminated = false;
      return client;
    } catch (error) {
      this.#forget(client);
      wireOf(client).stream.destroy();
      this.#refused(error);
      throw postgresError(error, "connect", this.#options.context);
    }
  }

  #newClient(): Client {
    const { session, connectTimeoutMs, statementTimeoutMs } = this.#options;
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
    if (this.#wasTerminated) return;
    this.#client = null;
    this.#wasTerminated = true;
    if (this.#isClosed) return;
    // Whatever comes of it is dealt with where a connection is made.
    void this.#inTurn(() => this.#connected()).catch(() => undefined);
  }

  #refused(error: unknown): void {
    const isShuttingDown = this.#wasTerminated && hasSqlState(error, CANNOT_CONNECT_NOW);
    this.#wasTerminated = false;
    if (!isShuttingDown) return;
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

function abortedError(): RelayError {
  return new RelayError("a question to Postgres was given up", {
    code: "ABORTED",
    remedy: "retry",
    hint: "Nothing to do: the relay is stopping.",
  });
}
