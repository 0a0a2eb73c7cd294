const ATTRIBUTES_TRANSACTIONAL_CONTROL = 48;
/** Length, attributes, deltas, key (version, type), value (version, coordinator epoch), no headers. */
const RECORD = (isCommit: boolean): number[] => [
  32,
  0,
  0,
  0,
  8,
  0,
  0,
  0,
  isCommit ? 1 : 0,
  12,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
];

/** A transaction marker as a broker writes it: a batch of one control record (KIP-98). */
export function controlBatch(
  producerId: bigint,
  epoch: number,
  isCommit: boolean,
  atMs: number,
): Buffer {
  const record = RECORD(isCommit);
  const bytes = Buffer.alloc(61 + record.length);
  bytes.writeInt32BE(bytes.length - 12, 8);
  bytes.writeInt8(2, 16);
  bytes.writeInt16BE(ATTRIBUTES_TRANSACTIONAL_CONTROL, 21);
  bytes.writeBigInt64BE(BigInt(atMs), 27);
  bytes.writeBigInt64BE(BigInt(atMs), 35);
  bytes.writeBigInt64BE(producerId, 43);
  bytes.writeInt16BE(epoch, 51);
  bytes.writeInt32BE(-1, 53);
  bytes.writeInt32BE(1, 57);
  bytes.set(record, 61);
  return bytes;
}
