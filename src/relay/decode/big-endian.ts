import type { Lsn } from "../lsn.ts";
import { lsn } from "../lsn.ts";

/** Fields that come with each row or transaction, read without an object for the reading. The caller knows that they are there. */

const scratch = new DataView(new ArrayBuffer(8));

export function readUint16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}

/** Signed. */
export function readInt32(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  );
}

export function readLsn(bytes: Uint8Array, at: number): Lsn {
  scratch.setInt32(0, readInt32(bytes, at));
  scratch.setInt32(4, readInt32(bytes, at + 4));
  return lsn(scratch.getBigUint64(0));
}
