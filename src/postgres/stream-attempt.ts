import { once } from "node:events";
import { Socket } from "node:net";
import type { ConnectionOptions } from "node:tls";
import type { Client, ClientConfig } from "pg";
import { LogicalReplicationService } from "pg-logical-replication";
import type { ReplicationStream, StreamHandlers } from "../relay/capture/replication-stream.ts";
import type { Clock } from "../relay/clock.ts";
import { pause } from "../relay/clock.ts";
import { RelayError } from "../relay/errors.ts";
import { withAuthRule } from "./auth-rule.ts";
import { LinkEndedError, wireOf } from "./capture-link.ts";
import { CapturePlugin } from "./capture-plugin.ts";
import { verifyPrimary } from "./first-host.ts";
import type { HostSession } from "./host-list.ts";
import { endedError } from "./link-error.ts";
import { PgReplicationStream } from "./pg-replication-stream.ts";
import type { ErrorContext } from "./postgres-error.ts";
import { isServerError, postgresError, unreachableError } from "./postgres-error.ts";
import type { ReplicationSourceOptions } from "./replication-source.ts";
import { identifyServer } from "./server-identity.ts";
import { liftTimeouts, verifySession } from "./session.ts";
import { readSlot, slotFault } from "./slot-row.ts";
import { startCommand, wantsBinary } from "./start-command.ts";
import type { TableName } from "./table-name.ts";

/** How long the server may take to say goodbye. */
const HANG_UP_MS_MAX = 2_000;

/** A paused socket takes in one more read at most, instead of filling 64 KiB row by row. */
const HIGH_WATER_MARK_BYTES = 1;

/** The server's answer to the question for TLS: "N". */
const NO_TLS = 0x4e;

export interface AttemptOptions extends Omit<ReplicationSourceOptions, "tables"> {
  readonly tables: readonly TableName[];
  /** Whether rows must come as text, whatever the types of the columns are now. */
  readonly isTextOnly: boolean;
  readonly session: HostSession;
  readonly clock: Clock;
  readonly handlers: StreamHandlers;
  /** Done on the stream's connection before it starts, with bounds of its own for how long it takes. */
  readonly prepare?: (client: Client) => Promise<void>;
}

/** One try to take the slot: connection, session, START_REPLICATION. Used once. */
export class StreamAttempt {
  readonly #options: AttemptOptions;
  readonly #context: ErrorContext;
  readonly #socket: Socket;
  readonly #service: LogicalReplicationService;
  #client: Client | null = null;
  #stream: PgReplicationStream | null = null;
  #restartDeadline: () => void = () => undefined;
  #pauseDeadline: () => void = () => undefined;
  #isStarting = false;
  #hasStarted = false;

  constructor(options: AttemptOptions) {
    const { session, slot, publications } = options;
    this.#options = options;
    this.#context = { address: session.address, slot, publications };
    const socket = new Socket({ readableHighWaterMark: HIGH_WATER_MARK_BYTES } as object);
    this.#socket = withAuthRule(socket, session.auth);
    if (session.client.ssl !== false) this.#hangUpOnRefusal();
    this.#service = new LogicalReplicationService(
      { ...session.client, ssl: sslOf(session.client), stream: () => this.#socket },
      { acknowledge: { auto: false, timeoutSeconds: 0 }, flowControl: { enabled: false } },
    );
    // The same errors come through the connection, in order; without a listener this one would throw.
    this.#service.on("error", () => undefined);
  }

  /** The library waits for the far side's goodbye before it tells that there is no TLS; on a bad link none comes. */
  #hangUpOnRefusal(): void {
    this.#socket.once("data", (answer: Buffer) => {
      if (answer.length === 1 && answer[0] === NO_TLS) this.#socket.destroy();
    });
  }

  /** Resolves once the server streams; rejects with RelayError, hung up by then. */
  open(signal: AbortSignal): Promise<ReplicationStream> {
    return new Promise((resolve, reject) => {
      const fail = (error: RelayError): void => {
        settle();
        void this.#hangUp().then(() => reject(error));
      };
      const aborted = (): void => fail(abortedError());
      let cancelDeadline = (): void => undefined;
      this.#pauseDeadline = () => cancelDeadline();
      this.#restartDeadline = () => {
        cancelDeadline();
        cancelDeadline = this.#options.clock.after(this.#options.connectTimeoutMs, () =>
          fail(this.#timedOut()),
        );
      };
      const settle = (): void => {
        this.#restartDeadline = () => undefined;
        cancelDeadline();
        signal.removeEventListener("abort", aborted);
      };
      const started = (): void => {
        this.#hasStarted = true;
        settle();
        resolve(this.#stream as ReplicationStream);
      };
      if (signal.aborted) return aborted();
      signal.addEventListener("abort", aborted, { once: true });
      this.#restartDeadline();
      this.#subscribe(started).catch((error: unknown) => fail(this.#explainStart(error)));
    });
  }

  /** Rejects when the attempt fails; once the stream has started its end is told through the link instead. */
  async #subscribe(started: () => void): Promise<void> {
    const plugin = new CapturePlugin((client) => this.#start(client, started));
    await this.#service.subscribe(plugin, this.#options.slot, "0/0");
    // The library takes a lost connection for a regular end as long as nothing streams.
    throw new LinkEndedError("connection-ended");
  }

  async #start(client: Client, started: () => void): Promise<void> {
    this.#client = client;
    await this.#step(verifySession(client));
    await this.#step(verifyPrimary(client, this.#options.session));
    await this.#step(liftTimeouts(client));
    const { slot, publications, clock, handlers } = this.#options;
    const identity = await this.#step(identifyServer(client, this.#options.walSenderTimeoutMs));
    const isBinary = await this.#step(this.#wantsBinary(client));
    if (this.#options.prepare !== undefined) {
      this.#pauseDeadline();
      await this.#options.prepare(client);
    }
    const deadManMs = this.#options.deadManMs ?? identity.walSenderTimeoutMs;
    const explain = (cause: unknown): RelayError => endedError(cause, this.#context);
    const hangUp = (): Promise<void> => this.#hangUp();
    const setup = { client, identity, handlers, deadManMs, explain, hangUp };
    this.#stream = new PgReplicationStream(setup, clock, started);
    this.#isStarting = true;
    this.#restartDeadline();
    try {
      await client.query(startCommand(slot, publications, isBinary));
    } catch (error) {
      if (this.#hasStarted) throw error;
      throw (await this.#slotError(client, error)) ?? error;
    }
  }

  async #wantsBinary(client: Client): Promise<boolean> {
    const { tables, columns, isTextOnly } = this.#options;
    return !isTextOnly && (await wantsBinary(client, tables, columns));
  }

  /** On a slow link the answers come late, each of them, and all together later than one may. */
  #step<T>(step: Promise<T>): Promise<T> {
    this.#restartDeadline();
    return step;
  }

  /** After a refused start the session is still good, and the catalog knows better than a translated text. */
  async #slotError(client: Client, error: unknown): Promise<RelayError | null> {
    if (!isServerError(error) || error.code === "55006") return null;
    const slot = await readSlot(client, this.#options.slot).catch(() => null);
    const fault = slot === null ? null : slotFault(slot);
    if (fault === null) return null;
    const { message, code, hint } = fault;
    return new RelayError(message, { code, hint, remedy: "halt", cause: error });
  }

  #explainStart(error: unknown): RelayError {
    if (error instanceof LinkEndedError) return endedError(error, this.#context);
    const place = this.#isStarting ? "start" : "connect";
    return postgresError(error, place, this.#context);
  }

  #timedOut(): RelayError {
    const { session, connectTimeoutMs } = this.#options;
    return unreachableError(session.address, `not ready within ${connectTimeoutMs} ms`);
  }

  /**
   * Sends Terminate, which a walsender obeys even in the middle of a big transaction and after all
   * that was written before it; the end of the connection then tells that the slot is free.
   */
  async #hangUp(): Promise<void> {
    const { clock } = this.#options;
    const waiting = new AbortController();
    if (!this.#socket.destroyed && this.#client !== null) {
      const closed = once(this.#socket, "close", { signal: waiting.signal }).catch(() => undefined);
      wireOf(this.#client).end();
      await Promise.race([closed, pause(clock, HANG_UP_MS_MAX, waiting.signal)]);
      waiting.abort();
    }
    this.#socket.destroy();
    // Takes the library's listeners off; it waits for a goodbye, so it must not hold us up.
    void this.#service.stop().catch(() => undefined);
  }
}

function sslOf({ ssl }: ClientConfig): ClientConfig["ssl"] {
  if (ssl === undefined || ssl === false) return ssl;
  const given = ssl === true ? {} : ssl;
  // `pg` hides the key from enumeration, so a spread alone would lose it.
  const key = given.key === undefined ? {} : { key: given.key };
  const options: ConnectionOptions & { highWaterMark: number } = {
    ...given,
    ...key,
    highWaterMark: HIGH_WATER_MARK_BYTES,
  };
  return options;
}

function abortedError(): RelayError {
  return new RelayError("opening the stream was given up", {
    code: "ABORTED",
    remedy: "retry",
    hint: "Nothing to do: the relay is stopping.",
  });
}
