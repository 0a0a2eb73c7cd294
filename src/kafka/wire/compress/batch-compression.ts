import type { SinkObserver } from "../../../relay/observer.ts";
import type { Codec } from "./codec.ts";

/** Below this a codec's fixed cost for each call is more than what it saves (docs/performance.md). */
export const PLAIN_BYTES_MAX = 4 * 1024;

/** Called for each body above the threshold. */
export type CompressionObserver = Pick<SinkObserver, "compressed">;

interface Choice {
  readonly codec: Codec | null;
  readonly checkpointTopic: string;
}

/** Decides which bodies of record batches are packed, and packs them. */
export class BatchCompression {
  readonly codecId: Codec["id"];
  readonly #codec: Codec;
  readonly #plainTopic: string;
  readonly #observer: CompressionObserver;

  /** Nothing in `plainTopic` is packed: a relay of any version must be able to read its checkpoint. */
  constructor(codec: Codec, plainTopic: string, observer: CompressionObserver) {
    this.codecId = codec.id;
    this.#codec = codec;
    this.#plainTopic = plainTopic;
    this.#observer = observer;
  }

  /** Puts a packed body in the place of `bytes[from, to)` and returns where it ends; `to` where it stays plain. */
  pack(topic: string, bytes: Buffer, from: number, to: number): number {
    const plainBytes = to - from;
    if (plainBytes <= PLAIN_BYTES_MAX || topic === this.#plainTopic) return to;
    const packed = this.#codec.compress(bytes.subarray(from, to));
    const isSmaller = packed.length < plainBytes;
    if (isSmaller) bytes.set(packed, from);
    const sentBytes = isSmaller ? packed.length : plainBytes;
    this.#observer.compressed(plainBytes, sentBytes);
    return from + sentBytes;
  }
}

/** Null without a codec. */
export function compressionOf(
  { codec, checkpointTopic }: Choice,
  observer: CompressionObserver,
): BatchCompression | null {
  return codec === null ? null : new BatchCompression(codec, checkpointTopic, observer);
}
