import { frameBytes, HEAD_BYTES } from "./frame-length.ts";

const COPY_DATA = 0x64; // 'd'
/** Memory of a larger message is given back at once: until a collection finds it, it would stand beside its record and its request. */
const LARGE_BYTES = 1024 * 1024;

/** What comes of a stream of bytes. The bytes are lent: they hold during the call. */
export interface FrameHandlers {
  /** Content of a CopyData message: `bytes` in [from, to). */
  copyData(bytes: Buffer, from: number, to: number): void;
  /** Any other message, whole, as it came. */
  other(message: Buffer): void;
}

/**
 * Cuts what a server sends into messages (PostgreSQL manual, "Message Formats"), without an object for each: rows come by
 * the hundred thousand. A message that comes in pieces is gathered in memory that grows with what has come: a length alone
 * takes none.
 */
export class CopyFrames {
  readonly #handlers: FrameHandlers;
  readonly #head = Buffer.alloc(HEAD_BYTES);
  #headBytes = 0;
  #gathered: Buffer<ArrayBuffer> | null = null;
  #gatheredBytes = 0;
  /** Of the message that is being gathered, head included. */
  #wantedBytes = 0;

  constructor(handlers: FrameHandlers) {
    this.#handlers = handlers;
  }

  /** Throws FrameError for bytes that are no message; what was whole before them is handed over by then. Not to be used after that. */
  push(chunk: Buffer): void {
    let at = 0;
    while (this.#headBytes > 0 && at < chunk.length) at = this.#gather(chunk, at);
    while (chunk.length - at >= HEAD_BYTES) {
      const end = at + frameBytes(chunk, at);
      if (end > chunk.length) break;
      this.#hand(chunk, at, end);
      at = end;
    }
    while (at < chunk.length) at = this.#gather(chunk, at);
  }

  /** Takes what belongs to the message that is being gathered; returns where it stopped. */
  #gather(chunk: Buffer, at: number): number {
    if (this.#gathered === null) return this.#gatherHead(chunk, at);
    const copied = chunk.copy(this.#gathered, this.#gatheredBytes, at);
    this.#gatheredBytes += copied;
    if (this.#gatheredBytes === this.#wantedBytes) this.#handGathered(this.#gathered);
    else if (this.#gatheredBytes === this.#gathered.length) this.#grow(this.#gathered);
    return at + copied;
  }

  #grow(full: Buffer<ArrayBuffer>): void {
    this.#gathered = Buffer.from(
      full.buffer.transfer(Math.min(this.#wantedBytes, 2 * full.length)),
    );
  }

  #gatherHead(chunk: Buffer, at: number): number {
    const copied = chunk.copy(this.#head, this.#headBytes, at, at + HEAD_BYTES - this.#headBytes);
    this.#headBytes += copied;
    if (this.#headBytes < HEAD_BYTES) return at + copied;
    this.#wantedBytes = frameBytes(this.#head, 0);
    // Memory of its own where it may grow: small Buffers share theirs.
    const message =
      this.#wantedBytes > LARGE_BYTES
        ? Buffer.allocUnsafeSlow(LARGE_BYTES)
        : Buffer.allocUnsafe(this.#wantedBytes);
    this.#head.copy(message);
    this.#gathered = message;
    this.#gatheredBytes = HEAD_BYTES;
    if (this.#wantedBytes === HEAD_BYTES) this.#handGathered(message);
    return at + copied;
  }

  #handGathered(message: Buffer<ArrayBuffer>): void {
    this.#gathered = null;
    this.#headBytes = 0;
    const { length, buffer } = message;
    this.#hand(message, 0, length);
    if (length > LARGE_BYTES) buffer.transfer(0);
  }

  #hand(bytes: Buffer, from: number, to: number): void {
    if (bytes[from] === COPY_DATA) this.#handlers.copyData(bytes, from + HEAD_BYTES, to);
    else this.#handlers.other(bytes.subarray(from, to));
  }
}
