/**
 * Writing the packed form of records. Lengths are zigzag varints, as record format v2 has them; -1 stands for null.
 * All functions return where the next part goes.
 */

/** What a varint takes at most. */
export const VARINT_BYTES_MAX = 5;
/** Up to here a loop is faster than a call of the platform. Measured with V8 14. */
const LOOP_BYTES_MAX = 96;

/** `value` is -1 or a length. */
export function writeLength(memory: Uint8Array, at: number, value: number): number {
  let rest = value < 0 ? 1 : value * 2;
  let o = at;
  while (rest > 127) {
    memory[o++] = (rest % 128) | 128;
    rest = Math.floor(rest / 128);
  }
  memory[o++] = rest;
  return o;
}

/** A length and the bytes in [from, to). */
export function writeRange(
  memory: Uint8Array,
  at: number,
  bytes: Uint8Array,
  from: number,
  to: number,
): number {
  const length = to - from;
  let o = at;
  if (length < 64) memory[o++] = length * 2;
  else o = writeLength(memory, o, length);
  return copyRange(memory, o, bytes, from, to);
}

/** The bytes in [from, to) alone. */
export function copyRange(
  memory: Uint8Array,
  at: number,
  bytes: Uint8Array,
  from: number,
  to: number,
): number {
  const length = to - from;
  if (length <= LOOP_BYTES_MAX) {
    for (let i = 0; i < length; i++) memory[at + i] = bytes[from + i] as number;
  } else {
    memory.set(bytes.subarray(from, to), at);
  }
  return at + length;
}

/** A length and all of the bytes, or the length that stands for null. */
export function writeBytes(memory: Uint8Array, at: number, bytes: Uint8Array | null): number {
  if (bytes === null) return writeLength(memory, at, -1);
  return writeRange(memory, at, bytes, 0, bytes.length);
}
