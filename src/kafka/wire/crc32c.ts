import { createRequire } from "node:module";
import { Crc32cTables } from "./crc32c-tables.ts";

type Checksum = (bytes: Buffer, from: number, to: number) => number;

interface NativePackage {
  readonly crc32c: (bytes: Buffer) => number;
}

/**
 * CRC-32C (Castagnoli) of `bytes[from, to)` as an unsigned number: the checksum of record batches (KIP-98, "Message format").
 * Native where the platform's package is installed, about 1 us less for each event.
 */
export const crc32c: Checksum = native() ?? byTables();

/** Null where `npm` has left the optional package out, or there is none for the platform. */
function native(): Checksum | null {
  try {
    const { crc32c: of } = createRequire(import.meta.url)("@node-rs/crc32") as NativePackage;
    return (bytes, from, to) => of(bytes.subarray(from, to));
  } catch {
    return null;
  }
}

function byTables(): Checksum {
  const tables = new Crc32cTables();
  return (bytes, from, to) => tables.of(bytes, from, to);
}
