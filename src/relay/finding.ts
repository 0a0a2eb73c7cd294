import type { ErrorCode, Remedy } from "./errors.ts";
import { RelayError } from "./errors.ts";
import { inert } from "./inert-text.ts";

/** One thing that preflight found wrong. All findings are shown, not only the first. */
export interface Finding {
  readonly code: ErrorCode;
  /** Names the setting and what was seen. */
  readonly message: string;
  /** The exact next command or step. */
  readonly hint: string;
  /** `halt`: a person must act (state `failed`); `retry`: it may pass by itself; a warning does not stop the start. */
  readonly severity: Extract<Remedy, "halt" | "retry"> | "warning";
  /** Rows that are written meanwhile are not in the stream and do not come by it once the fault is gone; default: no. */
  readonly keepsRowsOut?: boolean;
  /** Statements that correct it, where SQL alone does; a person runs them, with the rights they need. */
  readonly sql?: readonly string[];
}

/** What an error says, as a finding. */
export function findingOf({ code, message, hint, remedy }: RelayError): Finding {
  return { code, message, hint, severity: remedy === "halt" ? "halt" : "retry" };
}

/** A finding as it is shown: names that others chose are in its sentences. */
export function inertFinding<F extends Pick<Finding, "message" | "hint">>(finding: F): F {
  return { ...finding, message: inert(finding.message), hint: inert(finding.hint) };
}

/** All findings in one error: the first one's code, everybody's message. */
export function preflightError(faults: readonly Finding[]): RelayError {
  const halting = faults.find(({ severity }) => severity === "halt");
  const first = (halting ?? faults[0]) as Finding;
  return new RelayError(faults.map(({ message }) => message).join("; "), {
    code: first.code,
    remedy: halting === undefined ? "retry" : "halt",
    hint: [...new Set(faults.map(({ hint }) => hint))].join(" "),
  });
}
