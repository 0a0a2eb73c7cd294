import type {
  BackfillStream,
  ReplicationStream,
  ServerIdentity,
  StandbyStatus,
  StreamHandlers,
} from "../capture/replication-stream.ts";
import { RelayError } from "../errors.ts";
import type { Lsn } from "../lsn.ts";
import { LSN_ZERO } from "../lsn.ts";
import type { KeptSlot } from "../settle/kept-slot.ts";
import type { Watermark } from "../watermark.ts";
import type { AlreadyPublished } from "./already-published.ts";
import { searchFloorMs } from "./already-published.ts";
import type { BackfillRows } from "./backfill-rows.ts";
import { beginMessage, commitMessage } from "./envelope.ts";
import { backfillCommitLsn } from "./extent.ts";
import { Gate } from "./gate.ts";

export interface BackfillProgress {
  readonly candidates: number;
  /** Those of them that Kafka holds already, and those that were handed on. */
  readonly skipped: number;
  readonly sent: number;
}

/** Rows from before a slot and its stream, and the ids of those rows that the slot brings all the same. */
export interface OpenedBackfill extends BackfillStream {
  readonly broughtBySlot: ReadonlySet<string>;
}

export interface BackfillContext {
  readonly since: Watermark | null;
  /** The slot that an earlier attempt made; null: it is made with this one. */
  readonly kept: KeptSlot | null;
  /** Opens the stream, to be read by these handlers, and the rows. */
  readonly opens: (handlers: StreamHandlers) => Promise<OpenedBackfill>;
  readonly alreadyPublished: (opened: OpenedBackfill) => AlreadyPublished;
  readonly progressed: (progress: BackfillProgress) => void;
}

/**
 * A stream that sends the rows from before its slot first, as one transaction, and then what the slot brings. To those
 * who read it, it is a stream like any other: held back by `pause`, ended by `close`, failing through `closed`.
 */
export class BackfilledStream implements ReplicationStream {
  readonly #context: BackfillContext;
  readonly #handlers: StreamHandlers;
  readonly #stream: ReplicationStream;
  readonly #rows: BackfillRows;
  readonly #opened: OpenedBackfill;
  readonly #gate: Gate;
  readonly #stop = new AbortController();
  readonly #resume = { isWanted: false, hasBegun: false, isThrough: false };

  private constructor(
    context: BackfillContext,
    opened: OpenedBackfill,
    handlers: StreamHandlers,
    gate: Gate,
  ) {
    this.#context = context;
    this.#opened = opened;
    this.#handlers = handlers;
    this.#stream = opened.stream;
    this.#rows = opened.rows;
    this.#gate = gate;
    this.#stop.signal.addEventListener("abort", () => this.#wake(), { once: true });
  }

  static async open(context: BackfillContext, handlers: StreamHandlers): Promise<BackfilledStream> {
    const gate = new Gate(handlers);
    return new BackfilledStream(context, await context.opens(gate), handlers, gate);
  }

  get identity(): ServerIdentity {
    return this.#stream.identity;
  }

  /** Where the slot begins. */
  get until(): Lsn {
    return this.#rows.until;
  }

  /** What it shows is none of the backfill's; null: all rows are. */
  get since(): Watermark | null {
    return this.#context.since;
  }

  /** The slot of an earlier attempt that this one goes on with. */
  get kept(): KeptSlot | null {
    return this.#context.kept;
  }

  /** Of all that it shows nothing is missing once the backfill is published. */
  get watermark(): Watermark {
    return this.#rows.watermark;
  }

  pause(): void {
    this.#resume.isWanted = false;
    if (this.#resume.isThrough) this.#stream.pause();
  }

  resume(): void {
    this.#resume.isWanted = true;
    if (this.#resume.isThrough) return this.#stream.resume();
    this.#wake();
    if (this.#resume.hasBegun) return;
    this.#resume.hasBegun = true;
    void this.#send();
  }

  /** The slot stands at its beginning already; below it there is nothing that it could be told. */
  sendStatus({ received, confirmed }: StandbyStatus): void {
    const isBeyond = confirmed > this.#rows.until;
    this.#stream.sendStatus({ received, confirmed: isBeyond ? confirmed : LSN_ZERO });
  }

  async close(): Promise<void> {
    this.#stop.abort();
    this.#gate.shut();
    await this.#rows.close();
    await this.#stream.close();
  }

  async #send(): Promise<void> {
    try {
      await this.#sendRows();
      await this.#rows.close();
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      this.#stop.abort();
      return this.#handlers.closed(error instanceof RelayError ? error : broken(error));
    }
    if (this.#stop.signal.aborted) return;
    this.#resume.isThrough = true;
    this.#gate.open();
    if (this.#resume.isWanted) this.#stream.resume();
  }

  async #sendRows(): Promise<void> {
    const { signal } = this.#stop;
    const commitLsn = backfillCommitLsn(this.#rows.until);
    const { candidates } = this.#rows;
    const already = this.#context.alreadyPublished(this.#opened);
    let skipped = 0;
    let sent = 0;
    this.#handlers.message(beginMessage(commitLsn, this.#timestampMs()));
    while (!signal.aborted && (await already.next(this.#rows, signal))) {
      skipped += already.window.published;
      for await (const messages of this.#rows.rows(
        (index) => !already.isPublished(index),
        signal,
      )) {
        await this.#wanted();
        if (signal.aborted) return;
        for (const message of messages) this.#handlers.message(message);
        sent += messages.filter(isInsert).length;
        this.#handlers.readEnd();
        this.#context.progressed({ candidates, skipped, sent });
      }
      this.#context.progressed({ candidates, skipped, sent });
    }
    if (signal.aborted) return;
    this.#handlers.message(commitMessage(commitLsn, this.#rows.until));
    // Asks for a checkpoint now: until there is one, a restart would begin from the first row again.
    this.#handlers.keepalive(this.#rows.until, true);
    this.#handlers.readEnd();
  }

  /** By the server's clock, as everything that its stream brings; ours may be apart from it by any time. */
  #timestampMs(): number {
    return Math.max(this.#rows.watermark.atMs, searchFloorMs(this.#context.since));
  }

  #wake: () => void = () => undefined;

  /** Resolves when the reader wants more, or when all is over. */
  async #wanted(): Promise<void> {
    const { signal } = this.#stop;
    while (!this.#resume.isWanted && !signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

const INSERT = 0x49;

function isInsert(message: Uint8Array): boolean {
  return message[0] === INSERT;
}

function broken(cause: unknown): RelayError {
  return new RelayError("rows from before the slot could not be taken in", {
    code: "BACKFILL_BROKEN",
    remedy: "halt",
    hint: "This is a bug in outbox-relay: nothing is lost, the rows stay where they are. Report it with the log's stack trace.",
    cause,
  });
}
