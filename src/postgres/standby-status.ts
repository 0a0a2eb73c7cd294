import type { StandbyStatus } from "../relay/capture/replication-stream.ts";
import type { Lsn } from "../relay/lsn.ts";

/** 2000-01-01 UTC in ms since 1970: where Postgres starts counting. */
const POSTGRES_EPOCH_MS = 946_684_800_000;
const STATUS_BYTES = 34;

export const XLOG_DATA = 0x77; // 'w'
export const KEEPALIVE = 0x6b; // 'k'
const STATUS_UPDATE = 0x72; // 'r'

/**
 * A standby status update (PostgreSQL manual, "Streaming Replication Protocol").
 *
 * The protocol's fields are "last WAL byte + 1", which is what an end LSN is already: it goes out as
 * it is. `pg-logical-replication` adds one more, and Postgres then skips a commit record that starts
 * exactly there; that is why the library's `acknowledge` is never used.
 */
export function encodeStatus(
  { received, confirmed }: StandbyStatus,
  wallMs: number,
  isReplyRequested: boolean,
): Buffer {
  const message = Buffer.alloc(STATUS_BYTES);
  message.writeUInt8(STATUS_UPDATE, 0);
  message.writeBigUInt64BE(received, 1);
  message.writeBigUInt64BE(confirmed, 9); // Flushed: what the slot may forget.
  message.writeBigUInt64BE(confirmed, 17); // Applied.
  message.writeBigInt64BE(BigInt(Math.trunc(wallMs) - POSTGRES_EPOCH_MS) * 1000n, 25);
  message.writeUInt8(isReplyRequested ? 1 : 0, 33);
  return message;
}

export interface Keepalive {
  readonly walEnd: Lsn;
  readonly replyRequested: boolean;
}

/** Reads a primary keepalive message, its type byte included. */
export function decodeKeepalive(message: Buffer): Keepalive {
  return { walEnd: readLsn(message, 1), replyRequested: message.readUInt8(17) !== 0 };
}

/** Type, WAL start, WAL end, time of sending. */
export const XLOG_DATA_HEADER_BYTES = 25;

function readLsn(message: Buffer, offset: number): Lsn {
  return message.readBigUInt64BE(offset) as Lsn;
}
