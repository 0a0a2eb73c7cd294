/** A byte position in the write-ahead log, compared as an unsigned 64-bit number, never as text. */
export type Lsn = bigint & { readonly lsn: unique symbol };

/** Below every position that a server hands out; `START_REPLICATION` at it means "where the slot stands". */
export const LSN_ZERO = 0n as Lsn;

export function lsn(value: bigint): Lsn {
  if (value < 0n || value > 0xffffffffffffffffn) throw new RangeError(`not an LSN: ${value}`);
  return value as Lsn;
}

/**
 * Parses Postgres's text form, two hexadecimal halves around a slash, with or without leading zeros
 * (Postgres 19 pads them).
 */
export function parseLsn(text: string): Lsn {
  const match = /^([0-9A-F]{1,8})\/([0-9A-F]{1,8})$/i.exec(text);
  if (match === null) throw new RangeError(`not an LSN: ${JSON.stringify(text)}`);
  return ((BigInt(`0x${match[1]}`) << 32n) | BigInt(`0x${match[2]}`)) as Lsn;
}

/** Formats as Postgres up to 18 does: upper case, no leading zeros. */
export function formatLsn(value: Lsn): string {
  return `${(value >> 32n).toString(16)}/${(value & 0xffffffffn).toString(16)}`.toUpperCase();
}

export function maxLsn(a: Lsn, b: Lsn): Lsn {
  return a > b ? a : b;
}

export function minLsn(a: Lsn, b: Lsn): Lsn {
  return a < b ? a : b;
}
