import type { ErrorCode, Remedy } from "./errors.ts";

/** One thing that preflight found wrong. All findings are shown, not only the first. */
export interface Finding {
  readonly code: ErrorCode;
  /** Names the setting and what was seen. */
  readonly message: string;
  /** The exact next command or step. */
  readonly hint: string;
  /** `halt`: a person must act (state `failed`); `retry`: it may pass by itself; a warning does not stop the start. */
  readonly severity: Extract<Remedy, "halt" | "retry"> | "warning";
}
