import type { ErrorCode, RelayError } from "../errors.ts";

/** A halt that may mean missing rows, as it is written into the checkpoint. */
export interface Halt {
  readonly code: ErrorCode;
  readonly message: string;
  /** When and by which instance it was met first. */
  readonly at: string;
  readonly instance: string;
}

/**
 * Halts whose cause can be taken back without a trace, although rows written meanwhile are not in the stream. All other
 * halts are proved again, or proved wrong, by what the next start sees (docs/continuity.md has the list with the reasons).
 */
const LASTING: ReadonlySet<ErrorCode> = new Set([
  "PUBLICATION_CHANGED",
  "PUBLICATION_MISSING",
  "PUBLICATION_SKIPPED",
  "CONFIG_TABLE",
  "CONFIG_PUBLICATION",
]);

/** Whether a halt that was met with the slot in hand stays until a person has decided. */
export function isLasting({ code, remedy, lasts }: RelayError): boolean {
  return remedy === "halt" && (lasts ?? LASTING.has(code));
}

/** Halts that `accept publication` settles; the others come again at the same row, or need another decision. */
const ACCEPTABLE: ReadonlySet<ErrorCode> = new Set([
  "PUBLICATION_CHANGED",
  "TABLE_RENAMED",
  "CONFIG_TABLE",
  "CONFIG_PUBLICATION",
]);

export function isAcceptable(code: ErrorCode): boolean {
  return ACCEPTABLE.has(code);
}

/** Halts that say that this relay is not at home here: nobody may be fenced for them, and nothing is written. */
export function isStrange(code: ErrorCode): boolean {
  return code.startsWith("LINEAGE_");
}
