import type {
  ReplicationStream,
  StandbyStatus,
  StreamHandlers,
} from "../../../src/relay/capture/replication-stream.ts";
import { RelayError } from "../../../src/relay/errors.ts";
import type { Lsn } from "../../../src/relay/lsn.ts";
import { LSN_ZERO, maxLsn } from "../../../src/relay/lsn.ts";
import { LentMemory } from "../../support/model/lent-memory.ts";
import type { SimProcess } from "../engine/sim-process.ts";
import { unreachable } from "./sim-errors.ts";
import type { SimPostgres } from "./sim-postgres.ts";
import type { WireMessage } from "./wire-messages.ts";
import { MessageSource } from "./wire-messages.ts";

/** What fits between server and client before the server has to wait. */
const WINDOW_MESSAGES = 48;
const READ_MESSAGES_MAX = 12;
const BREAK_NOTICED_MS = 20;
/** Of a stream that hands something over before anybody resumes it. */
const EARLY_PROBABILITY = 0.3;

/** The server's half of a stream, the wire, and the adapter's half with what it promises to the core. */
export class SimWalsender {
  readonly stream: ReplicationStream;
  readonly #postgres: SimPostgres;
  readonly #handlers: StreamHandlers;
  readonly #process: SimProcess;
  readonly #gone: () => void;
  readonly #source: MessageSource;
  readonly #wire: WireMessage[] = [];
  readonly #memory = new LentMemory();
  #isPaused = true;
  #isReadDue = false;
  /** The server's end, and the client's: each may be gone without the other's knowing. */
  #isServing = true;
  #isOpen = true;
  #isSilent = false;
  #lastReplyMs: number;
  #lastHeardMs: number;
  #isShuttingDown = false;
  /** How far the server has announced its WAL; a client confirms nothing beyond. */
  #told: Lsn;

  readonly pid: number;

  constructor(
    pid: number,
    postgres: SimPostgres,
    handlers: StreamHandlers,
    process: SimProcess,
    xlogPos: Lsn,
    gone: () => void,
  ) {
    this.pid = pid;
    this.#postgres = postgres;
    this.#handlers = handlers;
    this.#process = process;
    this.#gone = gone;
    this.#source = new MessageSource(postgres);
    this.#lastReplyMs = postgres.clock.monotonicMs();
    this.#lastHeardMs = this.#lastReplyMs;
    const { wal, options } = postgres;
    this.#told = xlogPos;
    this.stream = {
      identity: {
        systemId: "1",
        timeline: wal.timeline,
        xlogPos,
        timelineHistory: wal.history,
        walSenderTimeoutMs: options.walSenderTimeoutMs,
        walSenderPid: pid,
        serverStart: "1",
      },
      pause: () => {
        this.#isPaused = true;
      },
      resume: () => {
        this.#isPaused = false;
        this.#scheduleRead();
      },
      sendStatus: (status) => this.#sendStatus(status),
      close: () => this.#close(),
    };
    process.onDeath(() => this.#breakSeenByServer());
    this.#beat();
    this.#watchSilence();
    this.pump();
    if (postgres.clock.chance(EARLY_PROBABILITY)) this.#readEarly();
  }

  /** Sends what there is room for. */
  pump(): void {
    if (!this.#isServing) return;
    while (this.#wire.length < WINDOW_MESSAGES) {
      const message = this.#source.next();
      if (message === null) break;
      this.#wire.push(message);
    }
    this.#scheduleRead();
  }

  /** A reset: both ends learn of it soon. */
  cut(): void {
    this.#breakSeenByServer();
    this.#end(unreachable());
  }

  /** Nothing passes any more in either direction, and nobody is told. */
  silence(): void {
    this.#isSilent = true;
  }

  shutDown(): void {
    this.#isShuttingDown = true;
    this.#keepalive(true);
    this.#endWhenConfirmed();
  }

  #scheduleRead(): void {
    if (this.#isReadDue || this.#isPaused || this.#wire.length === 0) return;
    this.#isReadDue = true;
    const { clock } = this.#postgres;
    clock.after(0.1 + clock.random() * (clock.chance(0.05) ? 30 : 1), () => {
      this.#process.deliver(() => this.#read());
    });
  }

  /** What came with the answer to the start is handed over although the stream is paused. */
  #readEarly(): void {
    const count = 1 + this.#postgres.clock.below(READ_MESSAGES_MAX);
    this.#process.after(0, () => this.#handAll(count));
  }

  /** One read of the socket: some messages, which the adapter hands over whatever happens meanwhile. */
  #read(): void {
    this.#isReadDue = false;
    if (!this.#isOpen || this.#isPaused || this.#isSilent) return;
    const count = 1 + this.#postgres.clock.below(READ_MESSAGES_MAX);
    this.#lastHeardMs = this.#postgres.clock.monotonicMs();
    this.#handAll(count);
  }

  #handAll(count: number): void {
    if (!this.#isOpen) return;
    for (const message of this.#wire.splice(0, count)) {
      if (!this.#isOpen) return;
      this.#handOver(message);
    }
    if (this.#isOpen) this.#handlers.readEnd();
    this.pump();
  }

  #handOver(message: WireMessage): void {
    try {
      if (message.kind === "keepalive") {
        this.#told = maxLsn(this.#told, message.walEnd);
        this.#handlers.keepalive(message.walEnd, message.isReplyRequested);
        return;
      }
      this.#told = maxLsn(this.#told, message.told);
      this.#memory.lend(message.bytes, (lent) => this.#handlers.message(lent));
    } catch (error) {
      this.#breakSeenByServer();
      this.#end(error instanceof RelayError ? error : broken(error));
    }
  }

  #sendStatus({ received, confirmed }: StandbyStatus): void {
    if (!this.#isOpen || !this.#process.isAlive) return;
    if (confirmed > received) throw new RangeError("confirmed beyond what was received");
    if (confirmed > this.#told) throw new RangeError("confirmed what the server never announced");
    const { clock } = this.#postgres;
    clock.after(0.1 + clock.random() * 2, () => {
      if (!this.#isServing || this.#isSilent || !this.#postgres.isUp) return;
      // What was on its way to the old primary never reaches the new one.
      if (this.stream.identity.timeline !== this.#postgres.wal.timeline) return;
      this.#lastReplyMs = clock.monotonicMs();
      if (confirmed !== LSN_ZERO) this.#postgres.confirm(confirmed);
      if (this.#isShuttingDown) this.#endWhenConfirmed();
    });
  }

  /** The adapter waits for the server up to a bound, then cuts the link. */
  #close(): Promise<void> {
    if (!this.#isOpen) return Promise.resolve();
    this.#isOpen = false;
    return new Promise((resolve) => {
      const { clock } = this.#postgres;
      clock.after(0.2 + clock.random() * 5, () => {
        if (!this.#isSilent) this.#leave();
        this.#process.deliver(resolve);
      });
    });
  }

  #endWhenConfirmed(): void {
    const { confirmed, wal } = this.#postgres;
    if (!this.#isServing || confirmed === null || confirmed < wal.end) return;
    this.#leave();
    this.#end(unreachable());
  }

  #end(error: RelayError): void {
    const { clock } = this.#postgres;
    if (this.#isSilent) return;
    clock.after(clock.random() * 2, () => {
      this.#process.deliver(() => {
        if (!this.#isOpen) return;
        this.#isOpen = false;
        this.#handlers.closed(error);
      });
    });
  }

  #breakSeenByServer(): void {
    const { clock } = this.#postgres;
    if (!this.#isServing || this.#isSilent) return;
    clock.after(clock.random() * BREAK_NOTICED_MS, () => this.#leave());
  }

  #leave(): void {
    if (!this.#isServing) return;
    this.#isServing = false;
    this.#gone();
  }

  /** Keepalives, and the end of a client that fell silent. */
  #beat(): void {
    const { clock, options } = this.#postgres;
    clock.after(clock.random() * 400, () => {
      if (!this.#isServing) return;
      const silentMs = clock.monotonicMs() - this.#lastReplyMs;
      if (silentMs > options.walSenderTimeoutMs) {
        this.#leave();
        this.#end(unreachable());
        return;
      }
      this.#keepalive(this.#isShuttingDown || silentMs > options.walSenderTimeoutMs / 2);
      this.#beat();
    });
  }

  #keepalive(isReplyRequested: boolean): void {
    if (!this.#isServing || this.#wire.length >= 2 * WINDOW_MESSAGES) return;
    const walEnd = this.#source.sentLsn;
    this.#wire.push({ kind: "keepalive", walEnd, isReplyRequested });
    this.#scheduleRead();
  }

  /** The adapter gives a link up on which nothing arrives any more. */
  #watchSilence(): void {
    const limitMs = 2 * this.#postgres.options.walSenderTimeoutMs;
    this.#process.after(limitMs / 4, () => {
      if (!this.#isOpen) return;
      const quietMs = this.#postgres.clock.monotonicMs() - this.#lastHeardMs;
      const isDead = (this.#isSilent || !this.#isServing) && quietMs > limitMs;
      if (!isDead) return this.#watchSilence();
      this.#isOpen = false;
      this.#handlers.closed(unreachable());
    });
  }
}

function broken(cause: unknown): RelayError {
  return new RelayError("a message could not be handled", {
    code: "STREAM_BROKEN",
    remedy: "retry",
    hint: "wait",
    cause,
  });
}
