import type { Client } from "pg";
import type {
  ReplicationStream,
  ServerIdentity,
  StandbyStatus,
  StreamHandlers,
} from "../relay/capture/replication-stream.ts";
import type { Clock } from "../relay/clock.ts";
import type { RelayError } from "../relay/errors.ts";
import { invariant } from "../relay/errors.ts";
import { formatLsn, LSN_ZERO, maxLsn } from "../relay/lsn.ts";
import type { LinkEvents, WireConnection } from "./capture-link.ts";
import { CaptureLink, LinkEndedError, wireOf } from "./capture-link.ts";
import { QuietWatch } from "./quiet-watch.ts";
import { ReadPacer } from "./read-pacer.ts";
import { encodeStatus } from "./standby-status.ts";

/** What a stream needs of the attempt that opened it. */
export interface StreamSetup {
  readonly client: Client;
  readonly identity: ServerIdentity;
  readonly handlers: StreamHandlers;
  /** No byte for this long, although asked: the link is dead. 0 means never. */
  readonly deadManMs: number;
  explain(cause: unknown): RelayError;
  /** Says goodbye if possible, waits for the server up to a short bound, then cuts the link. */
  hangUp(): Promise<void>;
}

/** A running stream; the port says what it promises. */
export class PgReplicationStream implements ReplicationStream {
  readonly identity: ServerIdentity;
  readonly #setup: StreamSetup;
  readonly #clock: Clock;
  readonly #connection: WireConnection;
  readonly #link: CaptureLink;
  readonly #pacer: ReadPacer;
  readonly #quiet: QuietWatch | null;
  #status: StandbyStatus = { received: LSN_ZERO, confirmed: LSN_ZERO };
  #turnBytes = 0;
  #isTurnOpen = false;
  #closing: Promise<void> | null = null;

  /** `started` is called once the server streams; the socket is paused by then. */
  constructor(setup: StreamSetup, clock: Clock, started: () => void) {
    this.identity = setup.identity;
    this.#setup = setup;
    this.#clock = clock;
    this.#connection = wireOf(setup.client);
    this.#pacer = new ReadPacer(this.#connection.stream, clock);
    this.#quiet = setup.deadManMs > 0 ? this.#newQuietWatch(setup.deadManMs) : null;
    const events: LinkEvents = {
      started: () => {
        this.pause();
        this.#quiet?.start();
        started();
      },
      bytes: (count) => this.#bytes(count),
      ended: (cause) => this.#ended(cause),
    };
    this.#link = new CaptureLink(setup.client, setup.handlers, events, setup.identity.xlogPos);
    this.#link.listen();
  }

  pause(): void {
    if (this.#link.isEnded) return;
    this.#quiet?.suspend();
    this.#pacer.pause();
  }

  resume(): void {
    if (this.#link.isEnded) return;
    this.#quiet?.resume();
    this.#pacer.resume();
  }

  /**
   * Throws InvariantError for a confirmed position that this server never announced: Postgres takes
   * any position for true and forgets what lies below it (measured on Postgres 14 to 18).
   */
  sendStatus({ received, confirmed }: StandbyStatus): void {
    const known = this.#link.lastLsn;
    if (confirmed > known) {
      const told = `${formatLsn(confirmed)} is confirmed, but the server announced ${formatLsn(known)} at most`;
      invariant(false, told);
    }
    this.#status = { received, confirmed: maxLsn(confirmed, this.#status.confirmed) };
    this.#write(false);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#link.mute();
    this.#stopTimers();
    // What is still under way has to be read, or the end of the connection never comes through.
    this.#connection.stream.resume();
    await this.#setup.hangUp();
  }

  #write(isReplyRequested: boolean): void {
    if (this.#link.isEnded) return;
    const message = encodeStatus(this.#status, this.#clock.wallMs(), isReplyRequested);
    this.#connection.sendCopyFromChunk(message);
  }

  /**
   * One turn of the event loop counts as one read: TLS hands out each record on its own, and after
   * a rest the socket first brings what it had taken in already.
   */
  #bytes(count: number): void {
    this.#quiet?.heard();
    this.#turnBytes += count;
    if (this.#isTurnOpen) return;
    this.#isTurnOpen = true;
    setImmediate(() => this.#turnEnded());
  }

  #turnEnded(): void {
    const bytes = this.#turnBytes;
    this.#turnBytes = 0;
    this.#isTurnOpen = false;
    this.#link.readEnd();
    if (!this.#link.isEnded) this.#pacer.turnEnded(bytes, this.#link.takeMessages());
  }

  #newQuietWatch(limitMs: number): QuietWatch {
    return new QuietWatch(this.#clock, limitMs, {
      ask: () => this.#write(true),
      giveUp: () => this.#link.fail(new LinkEndedError("silence")),
    });
  }

  /** Told in a microtask: a handler that threw is off the stack by then, and no message follows. */
  #ended(cause: unknown): void {
    this.#stopTimers();
    this.#connection.stream.destroy();
    const error = this.#setup.explain(cause);
    queueMicrotask(() => {
      if (this.#closing === null) this.#setup.handlers.closed(error);
    });
  }

  #stopTimers(): void {
    this.#quiet?.stop();
    this.#pacer.stop();
  }
}
