import type { BoundedOutput } from "./bounded-output.ts";

const MAGIC = 0x184d2204;
/** The last four bits are free: frames with data of somebody else's. */
const SKIPPABLE_MAGIC = 0x184d2a50;
const VERSION = 1;
const FLAG = { blockChecksum: 16, contentSize: 8, contentChecksum: 4, dictionary: 1 } as const;
const CHECKSUM_BYTES = 4;
const STORED = 0x80000000;
const MATCH_LENGTH_MIN = 4;
const LENGTH_GOES_ON = 15;

/**
 * Frames of LZ4 (lz4_Frame_format.md of lz4/lz4), which is what a record batch holds since Kafka 0.10 (KIP-57). The
 * checksums inside are passed over: the batch has its own. Throws RangeError when the bytes are something else.
 */
export function decodeLz4(bytes: Buffer, output: BoundedOutput): void {
  for (let at = 0; at < bytes.length; ) {
    const magic = bytes.readUInt32LE(at);
    if ((magic & ~15) >>> 0 === SKIPPABLE_MAGIC) at += 8 + bytes.readUInt32LE(at + 4);
    else if (magic === MAGIC) at = decodeFrame(bytes, at + 4, output);
    else throw new RangeError("no frame of lz4");
    if (at > bytes.length) throw new RangeError("an lz4 frame is cut off");
  }
}

/** Returns where the frame ends. */
function decodeFrame(bytes: Buffer, from: number, output: BoundedOutput): number {
  const flags = bytes.readUInt8(from);
  if (flags >> 6 !== VERSION) throw new RangeError("another version of lz4 frames");
  if ((flags & FLAG.dictionary) !== 0) throw new RangeError("an lz4 frame needs a dictionary");
  // Flags, block size, the content's size where it is given, checksum of the header.
  let at = from + 2 + ((flags & FLAG.contentSize) === 0 ? 0 : 8) + 1;
  for (;;) {
    const size = bytes.readUInt32LE(at);
    at += 4;
    if (size === 0) break;
    const end = at + (size & ~STORED);
    if (end > bytes.length) throw new RangeError("an lz4 block is cut off");
    if (size >= STORED) output.literal(bytes, at, end);
    else decodeBlock(bytes.subarray(at, end), output);
    at = end + ((flags & FLAG.blockChecksum) === 0 ? 0 : CHECKSUM_BYTES);
  }
  return at + ((flags & FLAG.contentChecksum) === 0 ? 0 : CHECKSUM_BYTES);
}

/** Sequences of literals and a match; the last one has no match (lz4_Block_format.md). */
function decodeBlock(bytes: Buffer, output: BoundedOutput): void {
  let at = 0;
  const goOn = (length: number): number => {
    let sum = length;
    for (let byte = 255; byte === 255; sum += byte) byte = bytes.readUInt8(at++);
    return sum;
  };
  while (at < bytes.length) {
    const token = bytes.readUInt8(at++);
    const literals = token >> 4 === LENGTH_GOES_ON ? goOn(LENGTH_GOES_ON) : token >> 4;
    output.literal(bytes, at, at + literals);
    at += literals;
    if (at === bytes.length) return;
    const distance = bytes.readUInt16LE(at);
    at += 2;
    const match = (token & 15) === LENGTH_GOES_ON ? goOn(LENGTH_GOES_ON) : token & 15;
    output.copy(distance, match + MATCH_LENGTH_MIN);
  }
}
