/** Written to the checkpoint topic each time a relay has fenced its predecessors: who it is, and which ids its successor must fence. */
export interface Incarnation {
  readonly instance: string;
  /** Different for every opening. */
  readonly nonce: string;
  readonly transactionalIds: readonly string[];
  readonly at: string;
}

const VERSION = 1;

export function incarnationKey(slot: string): string {
  return `${slot}#incarnation`;
}

export function encodeIncarnation(incarnation: Incarnation): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ v: VERSION, ...incarnation }));
}

/** Null for bytes that are no incarnation of this version: then its ids are not known. */
export function decodeIncarnation(bytes: Uint8Array): Incarnation | null {
  try {
    const value = JSON.parse(new TextDecoder().decode(bytes)) as Partial<Incarnation> & {
      v?: number;
    };
    const { instance, nonce, transactionalIds, at } = value;
    const isWhole =
      value.v === VERSION &&
      typeof instance === "string" &&
      typeof nonce === "string" &&
      Array.isArray(transactionalIds) &&
      transactionalIds.every((id) => typeof id === "string");
    return isWhole ? { instance, nonce, transactionalIds, at: String(at) } : null;
  } catch {
    return null;
  }
}
