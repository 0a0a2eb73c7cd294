/** Packs the body of a record batch into the form that Kafka's consumers know by the codec's number. */
export interface Codec {
  /** Its number in a batch's attributes (KIP-98; KIP-110 for zstd). */
  readonly id: 1 | 2 | 3 | 4;
  /** A new array, which may be longer than `body`; `body` is not kept. */
  compress(body: Uint8Array): Uint8Array;
}

export type CodecName = "gzip" | "snappy" | "lz4" | "zstd";
