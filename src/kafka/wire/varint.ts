/**
 * Zigzag varints of 32 and of 64 bits (KIP-98, "Message format"), which look alike: differences of times between two rows
 * of a batch pass 31 bits after 24 days. `value` is a safe integer whose double is one, too: up to 142,000 years in ms.
 */

/** Returns where the next field goes. */
export function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  if ((value | 0) !== value) return writeLong(bytes, at, value);
  let rest = ((value << 1) ^ (value >> 31)) >>> 0;
  let o = at;
  for (; rest > 127; rest >>>= 7) bytes[o++] = (rest & 127) | 128;
  bytes[o++] = rest;
  return o;
}

/** What `writeVarint` takes for this value. */
export function varintBytes(value: number): number {
  if ((value | 0) !== value) return longBytes(value);
  let rest = ((value << 1) ^ (value >> 31)) >>> 0;
  let count = 1;
  for (; rest > 127; rest >>>= 7) count += 1;
  return count;
}

/** Calculated, because the bit operators end at 32. */
function writeLong(bytes: Uint8Array, at: number, value: number): number {
  let rest = zigzag(value);
  let o = at;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes[o++] = (rest % 128) | 128;
  bytes[o++] = rest;
  return o;
}

function longBytes(value: number): number {
  let count = 1;
  for (let rest = zigzag(value); rest > 127; rest = Math.floor(rest / 128)) count += 1;
  return count;
}

function zigzag(value: number): number {
  const folded = value < 0 ? -value * 2 - 1 : value * 2;
  if (!Number.isSafeInteger(folded)) throw new RangeError(`${value} has no exact varint`);
  return folded;
}
