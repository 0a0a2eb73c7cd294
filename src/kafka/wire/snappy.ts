import type { BoundedOutput } from "./bounded-output.ts";
import { OutputTooLargeError } from "./bounded-output.ts";

/** What snappy-java writes before its chunks: this, its version, and the oldest version that can read it. */
const JAVA_MAGIC = Buffer.from("\x82SNAPPY\0", "latin1");
const JAVA_HEADER_BYTES = 16;
/** The magic's first four bytes, where the size of a chunk could stand: another stream begins. */
const JAVA_MAGIC_HEAD = JAVA_MAGIC.readInt32BE(0);

/**
 * Snappy as Kafka's clients write it: the chunks of snappy-java (SnappyOutputStream; each a length and a block), or one
 * block alone, which is what clients without Java send. Throws RangeError when the bytes are neither.
 */
export function decodeSnappy(bytes: Buffer, output: BoundedOutput, bytesMax: number): void {
  if (!bytes.subarray(0, JAVA_MAGIC.length).equals(JAVA_MAGIC)) {
    decodeBlock(bytes, output, bytesMax);
    return;
  }
  for (let at = JAVA_HEADER_BYTES; at < bytes.length; ) {
    const size = bytes.readInt32BE(at);
    if (size === JAVA_MAGIC_HEAD) {
      at += JAVA_HEADER_BYTES;
      continue;
    }
    const end = at + 4 + size;
    if (size < 0 || end > bytes.length) throw new RangeError("a snappy chunk is cut off");
    decodeBlock(bytes.subarray(at + 4, end), output, bytesMax);
    at = end;
  }
}

/** One block: its plain length, then literals and copies (format_description.txt of google/snappy). */
function decodeBlock(bytes: Buffer, output: BoundedOutput, bytesMax: number): void {
  let at = 0;
  let length = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes.readUInt8(at++);
    length += (byte & 127) * 2 ** shift;
    if (byte < 128) break;
    if (shift >= 28) throw new RangeError("the length of a snappy block is none");
  }
  const end = output.length + length;
  if (end > bytesMax) throw new OutputTooLargeError(bytesMax);
  while (at < bytes.length) at = decodeElement(bytes, at, output);
  if (output.length !== end) throw new RangeError("a snappy block has another length than it says");
}

/** Returns where the next element begins. */
function decodeElement(bytes: Buffer, at: number, output: BoundedOutput): number {
  const tag = bytes.readUInt8(at);
  const upper = tag >> 2;
  switch (tag & 3) {
    case 0: {
      const lengthBytes = upper < 60 ? 0 : upper - 59;
      const length = 1 + (lengthBytes === 0 ? upper : bytes.readUIntLE(at + 1, lengthBytes));
      const from = at + 1 + lengthBytes;
      output.literal(bytes, from, from + length);
      return from + length;
    }
    case 1:
      output.copy(((tag >> 5) << 8) | bytes.readUInt8(at + 1), 4 + (upper & 7));
      return at + 2;
    case 2:
      output.copy(bytes.readUInt16LE(at + 1), 1 + upper);
      return at + 3;
    default:
      output.copy(bytes.readUInt32LE(at + 1), 1 + upper);
      return at + 5;
  }
}
