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
import type { Lsn } from "../relay/lsn.ts";
import { formatLsn, LSN_ZERO, maxLsn } from "../relay/lsn.ts";
import type { WireConnection } from "./capture-link.ts";
import { CaptureLink, wireOf } from "./capture-link.ts";
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

/** A running stream; see the port for what it promises. */
export class PgReplicationStream implements ReplicationStream {
  readonly identity: ServerIdentity;
  readonly #setup: StreamSetup;
  readonly #clock: Clock;
  readonly #connection: WireConnection;
  readonly #link: CaptureLink;
  readonly #pacer: ReadPacer;
  readonly #quiet: QuietWatch;
  #status: StandbyStatus = { received: LSN_ZERO, confirmed: LSN_ZERO };
  #turnBytes = 0;
  #isTurnOpen = false;
  #closing: Promise<void> | null = null;

  constructor(setup: StreamSetup, clock: Clock, started: () => void) {
    this.identity = setup.identity;
    this.#setup = setup;
    this.#clock = clock;
    this.#connection = wireOf(setup.client);
    this.#pacer = new ReadPacer(this.#connection.stream, clock);
    this.#link = new CaptureLink(setup.client, setup.handlers, this.#events(started), setup.identity.xlogPos);
    const limitMs = setup.deadManMs;
    const { QuietWatch: _ } = { QuietWatch };
    this.#quiet = new QuietWatch(clock, limitMs, () => this.#write(true), () => this.#giveUp());
    this.#link.listen();
  }

  /** One pgoutput message, from the plugin. */
  message(bytes: Uint8Array): void {
    this.#link.message(bytes);
  }

  pause(): void {
    if (this.#link.isEnded) return;
    this.#quiet.suspend();
    this.#pacer.pause();
  }

  resume(): void {
    if (this.#link.isEnded) return;
    this.#quiet.resume();
    this.#pacer.resume();
  }

  sendStatus({ received, confirmed }: StandbyStatus): void {
    // Postgres takes any position for true and forgets what lies below (`correctness.md`, X3).
    invariant(
      confirmed <= this.#link.lastLsn,
      `confirmed ${formatLsn(confirmed)} was reported by this server, which is at ${formatLsn(this.#link.lastLsn)}`,
    );
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
    // What is still under way has to be read, or the server's goodbye never comes through.
    this.#connection.stream.resume();
    await this.#setup.hangUp();
  }
}
