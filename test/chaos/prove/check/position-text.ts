import { lsn } from "../../../../src/relay/lsn.ts";
import type { Position } from "../../../../src/relay/position.ts";

/** Reads a `position` header by its documentation, not by the code that writes it; null when it is none. */
export function parsePosition(text: string): Position | null {
  const match = /^([0-9A-F]{8})\/([0-9A-F]{16})\/([0-9A-F]{8})$/.exec(text);
  if (match === null) return null;
  return {
    timeline: Number.parseInt(match[1] ?? "", 16),
    commitLsn: lsn(BigInt(`0x${match[2]}`)),
    index: Number.parseInt(match[3] ?? "", 16),
  };
}
