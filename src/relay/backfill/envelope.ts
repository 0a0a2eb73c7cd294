import { POSTGRES_EPOCH_MS } from "../decode/pgoutput-decoder.ts";
import type { Lsn } from "../lsn.ts";

/** BEGIN of pgoutput, protocol 1 (docs of PostgreSQL, "Logical Replication Message Formats"). */
export function beginMessage(commitLsn: Lsn, commitMs: number): Uint8Array {
  const bytes = new Uint8Array(21);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, 0x42);
  view.setBigUint64(1, commitLsn);
  view.setBigInt64(9, BigInt(Math.trunc(commitMs - POSTGRES_EPOCH_MS)) * 1000n);
  return bytes;
}

/** COMMIT of pgoutput, protocol 1. */
export function commitMessage(commitLsn: Lsn, endLsn: Lsn): Uint8Array {
  const bytes = new Uint8Array(26);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, 0x43);
  view.setBigUint64(2, commitLsn);
  view.setBigUint64(10, endLsn);
  return bytes;
}
