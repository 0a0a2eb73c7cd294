import type { Codec } from "./codec.ts";

/** Packs one block of the lz4 block format, without its length. */
export type Lz4Block = (plain: Uint8Array) => Uint8Array;

/**
 * Magic number; version 1 with independent blocks; blocks of 64 KiB at most; the checksum of these two bytes. It is what
 * Kafka's own producer writes for messages of format 2, and being always the same it needs no xxHash here.
 */
const HEADER = Buffer.from("04224d18604082", "hex");
const BLOCK_BYTES = 64 * 1024;
const LENGTH_BYTES = 4;
/** Marks the length of a block that is stored as it is. */
const STORED = 0x80000000;
const END = Buffer.alloc(LENGTH_BYTES);

/** One frame of the lz4 frame format. */
export function lz4Codec(block: Lz4Block): Codec {
  return {
    id: 3,
    compress: (body) => {
      const parts: Uint8Array[] = [HEADER];
      for (let at = 0; at < body.length; at += BLOCK_BYTES) {
        const plain = body.subarray(at, at + BLOCK_BYTES);
        const packed = block(plain);
        const isSmaller = packed.length < plain.length;
        const length = Buffer.allocUnsafe(LENGTH_BYTES);
        length.writeUInt32LE(isSmaller ? packed.length : plain.length + STORED);
        parts.push(length, isSmaller ? packed : plain);
      }
      parts.push(END);
      return Buffer.concat(parts);
    },
  };
}
