import type { Codec } from "./codec.ts";

/** Packs one block: its plain length, then literals and copies. */
export type SnappyBlock = (plain: Uint8Array) => Uint8Array;

/** `\x82SNAPPY\0`, the version, and the oldest version that can read it: what snappy-java begins with. */
const HEADER = Buffer.from("82534e41505059000000000100000001", "hex");
/** As snappy-java cuts, and so what every consumer has read before. */
const CHUNK_BYTES = 32 * 1024;
const LENGTH_BYTES = 4;

/** The chunks of snappy-java (SnappyOutputStream), which is what Kafka's own producer sends. */
export function snappyCodec(block: SnappyBlock): Codec {
  return {
    id: 2,
    compress: (body) => {
      const parts: Uint8Array[] = [HEADER];
      for (let at = 0; at < body.length; at += CHUNK_BYTES) {
        const packed = block(body.subarray(at, at + CHUNK_BYTES));
        const length = Buffer.allocUnsafe(LENGTH_BYTES);
        length.writeInt32BE(packed.length);
        parts.push(length, packed);
      }
      return Buffer.concat(parts);
    },
  };
}
