/** Type and length of a message of the server's. */
export const HEAD_BYTES = 5;
/** What the length counts of a message beside its body: itself. */
const LENGTH_BYTES = 4;
/** Postgres builds a message in memory of its own, of which one piece has 1 GiB less a byte at most (memutils.h, MaxAllocSize). */
const BODY_BYTES_MAX = 0x3fff_ffff;

/** What comes is no message of a Postgres server: nothing after it can be understood. */
export class FrameError extends Error {
  override readonly name = "FrameError";
}

/** Bytes of the message whose head begins at `at`, head included. Throws FrameError for a length that none has. */
export function frameBytes(head: Buffer, at: number): number {
  const length = head.readInt32BE(at + 1);
  if (length < LENGTH_BYTES || length > LENGTH_BYTES + BODY_BYTES_MAX)
    throw new FrameError(`a message says that it has ${length} bytes`);
  return 1 + length;
}
